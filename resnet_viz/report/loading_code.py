"""Python code that loads two networks."""

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path

from resnet_viz.checkpoints.ref import NetworkRef
from resnet_viz.checkpoints.weights import Weights
from resnet_viz.records import WeightSource
from resnet_viz.spec import PRESETS, NetworkSpec, ZooSpec


def network_ref(
    spec: NetworkSpec | ZooSpec, source: WeightSource, seed: int | None, path: str | None
) -> NetworkRef:
    """The reference to a loaded network, from the fields that records keep."""
    weights = Weights(source, seed or 0, path=None if path is None else Path(path))
    return NetworkRef(
        spec.name if isinstance(spec, ZooSpec) or spec.name in PRESETS else spec, weights
    )


def loading_lines(first: NetworkRef, second: NetworkRef, imports: Iterable[str]) -> list[str]:
    """The imports, including ``imports``, and the lines that assign ``pair``.

    Paths are absolute, so that the lines run from any folder.
    """
    twins = first.has_twin and first.twin() == second
    refs = [first] if twins else [first, second]
    used = {"NetworkRef", "load_two", *imports}
    for ref in refs:
        if ref.design is not None:
            used |= {"NetworkSpec", "WeightSource", "Weights"}
    files = any(ref.design is not None and ref.weights.path is not None for ref in refs)
    names = ["first", "second"][: len(refs)]
    lines = [f"{name} = {_expression(ref)}" for name, ref in zip(names, refs, strict=True)]
    return [
        *(["from pathlib import Path"] if files else []),
        f"from resnet_viz import {', '.join(sorted(used))}",
        *lines,
        f"pair = load_two({'first' if twins else 'first, second'})",
    ]


def _expression(ref: NetworkRef) -> str:
    weights = ref.weights
    seed = f", seed={weights.seed}" if weights.seed else ""
    if ref.design is None:
        words = (
            f"'{ref.architecture}:{weights}'"
            if weights.path is None
            else f"{str(ref.architecture)!r}, {str(weights.path.absolute())!r}"
        )
        return f"NetworkRef.parse({words}{seed})"
    path = "" if weights.path is None else f", path=Path({str(weights.path.absolute())!r})"
    usual = NetworkSpec(depths=(1,), widths=(1,)).to_dict()
    fields = {name: value for name, value in ref.design.to_dict().items() if value != usual[name]}
    source = f"WeightSource.{weights.source.name}"
    return f"NetworkRef(NetworkSpec.from_dict({_plain(fields)!r}), Weights({source}{seed}{path}))"


def _plain(values: dict[str, object]) -> dict[str, object]:
    return {k: v.value if isinstance(v, StrEnum) else v for k, v in values.items()}
