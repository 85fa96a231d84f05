"""The gradient through two blocks: four paths, and two formulas of tutorials with their errors."""

from resnet_viz.experiments.measures.batches import photographs
from resnet_viz.experiments.measures.curves import curve
from resnet_viz.experiments.measures.formula_checks import check_formulas
from resnet_viz.experiments.measures.spread import exact
from resnet_viz.networks.resnet.model import build
from resnet_viz.records import Claim, Finding, Mark, Panel
from resnet_viz.spec import Kind, NetworkSpec

_NETWORK = "resnet20"
_PATHS = ("around", "through_first", "through_second", "through_both")


def measure() -> Finding:
    """Measure an untrained network on the bundled photographs, in training mode."""
    network = build(NetworkSpec.preset(_NETWORK), seed=0).train()
    formulas = check_formulas(network, *photographs())
    claims = {one.claim: one for one in formulas.claims}
    paths, block = formulas.paths, formulas.blocks[0]
    assert paths is not None  # its blocks keep the shape
    norms = [getattr(paths, name) for name in _PATHS]
    whole = claims[Claim.GRADIENT]
    numbers = {
        **exact("error_one_plus", whole.right.high),
        **exact("error_double", claims[Claim.DOUBLE].written.low),
        **exact("identity_part", block.identity_part),
        **exact("branch_part", block.branch_part),
        **exact("paths_error", paths.error),
        **{key: n for name, norm in zip(_PATHS, norms, strict=True)
           for key, n in exact(name, norm).items()},
    }  # fmt: skip
    bars = curve("residual", range(len(norms)), norms, _PATHS, Kind.RESIDUAL)
    names = [one.block for one in formulas.blocks]
    panels = (
        Panel("paths", "path", "input_gradient", (bars,), mark=Mark.BARS),
        Panel(
            "parts", "block", "input_gradient_parts",
            tuple(
                curve(part, range(len(names)), [getattr(b, part) for b in formulas.blocks], names)
                for part in ("identity_part", "branch_part")
            ), log_y=True,
        ),
    )  # fmt: skip
    return Finding("two-paths", {"network": _NETWORK, "seed": 0}, 1.0, panels, numbers)
