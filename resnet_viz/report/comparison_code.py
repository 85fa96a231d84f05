"""Code and command that repeat a comparison."""

from resnet_viz.pictures.samples import sample_picture, samples
from resnet_viz.records import Comparison, WeightSource
from resnet_viz.report.loading_code import loading_lines, network_ref


def python_lines(comparison: Comparison, layer: str) -> str:
    """Python code with the same networks, weights, target and layer."""
    first = comparison.sides.first
    target = "" if comparison.target is None else f", target={comparison.target}"
    at = comparison.layers_at(layer)
    same = at.first == at.second
    shown = repr(layer) if same else "layer"
    sides = "side in result.sides"
    if not same:
        sides = f"side, layer in result.sides.join(result.layers_at({layer!r}))"
    return "\n".join(
        [
            *_loading(comparison),
            f'result = compare(pair, read_picture("{_file(comparison)}"){target}, '
            f'score="{first.analysis.score}")',
            f"for {sides}:",
            f"    print(side.role, side.analysis.cams[{shown}].max(), "
            "side.analysis.predictions(side.classes)[0])",
        ]
    )


def _loading(comparison: Comparison) -> list[str]:
    """The lines that make ``pair``: a network and its twin, or two networks of any origin."""
    first, second = comparison.sides
    ref = network_ref(first.spec, first.source, first.seed, first.path)
    if second.source is WeightSource.LESION:
        other = ref.twin()
    else:
        other = network_ref(second.spec, second.source, second.seed, second.path)
    return loading_lines(ref, other, ["compare", "read_picture"])


def command_line(comparison: Comparison, layer: str) -> str:
    """The shell command that writes the same comparison."""
    first, second = comparison.sides.first, comparison.sides.second
    seed = next((s.seed for s in (first, second) if s.seed), None)
    file = first.source is WeightSource.FILE
    weights = first.path or first.weights if file else first.source
    options = {
        "--network": first.spec.name,
        "--weights": weights,
        "--seed": seed,
        "--target": comparison.target,
        "--layer": layer,
        "--score": first.analysis.score,
        "--out": "report",
    }
    words = [f"{name} {value}" for name, value in options.items() if value is not None]
    return " ".join([f"resnet-viz compare {_file(comparison)}", *words])


def _file(comparison: Comparison) -> str:
    """The bundled photograph that is shown, as seen from the checkout; else any photograph."""
    sample = samples().get(comparison.name)
    if sample is None or sample_picture(sample.name).digest != comparison.digest:
        return "photo.jpg"
    return f"assets/samples/{sample.file}"
