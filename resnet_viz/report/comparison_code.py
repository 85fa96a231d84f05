"""The lines that repeat a comparison."""

from enum import StrEnum
from typing import Any

from resnet_viz.checkpoints.ref import preset_of_shape
from resnet_viz.records import Comparison, Side, WeightSource
from resnet_viz.spec import PRESETS, NetworkSpec, ZooSpec


def python_lines(comparison: Comparison, layer: str) -> str:
    """A few lines of Python with the same networks, weights, target and layer."""
    first, second = comparison.sides.first, comparison.sides.second
    target = "" if comparison.target is None else f", target={comparison.target}"
    at = comparison.layers_at(layer)
    same = at.first == at.second
    shown = repr(layer) if same else "layers[kind]"
    files = WeightSource.FILE in (first.source, second.source)
    return "\n".join(
        [
            *(["from pathlib import Path"] if files else []),
            *_loading(comparison),
            f'result = compare(pair, read_picture("photo.jpg"){target}, '
            f'score="{first.analysis.score}")',
            *([] if same else [f"layers = {dict(at.items())!r}"]),
            "for kind, side in result.sides.items():",
            f"    print(kind, side.analysis.cams[{shown}].max(), "
            "side.analysis.predictions(side.classes)[0])",
        ]
    )


def _loading(comparison: Comparison) -> list[str]:
    """The lines that make ``pair``: a preset and its twin, or two networks of any origin."""
    first, second = comparison.sides.first, comparison.sides.second
    name = preset_of_shape(first.spec) if isinstance(first.spec, NetworkSpec) else None
    if comparison.twins and name is not None:
        return [
            "from resnet_viz import WeightChoice, WeightSource, compare, load_pair, read_picture",
            f'pair = load_pair("{name}", WeightChoice({_choice(comparison)}))',
        ]
    names = ["NetworkChoice", "WeightChoice", "WeightSource", "compare", "load_both"]
    designs = [s for s in (first, second) if is_own_design(s.spec)]
    names += (["NetworkSpec"] if designs else []) + ["read_picture"]
    return [
        f"from resnet_viz import {', '.join(sorted(names))}",
        f"first = {_network_choice(first)}",
        *([] if comparison.twins else [f"second = {_network_choice(second)}"]),
        f"pair = load_both(first{'' if comparison.twins else ', second'})",
    ]


def _network_choice(side: Side) -> str:
    path = str(side.path or side.weights) if side.source is WeightSource.FILE else None
    return network_choice(side.spec, side.source, side.seed or 0, path)


def is_own_design(spec: NetworkSpec | ZooSpec) -> bool:
    """Whether a spec has no name by which it could be had."""
    return isinstance(spec, NetworkSpec) and spec.name not in PRESETS


def network_choice(
    spec: NetworkSpec | ZooSpec, source: WeightSource, seed: int, path: str | None
) -> str:
    """The Python expression of a ``NetworkChoice``."""
    parts = [f"WeightSource.{source.name}"]
    parts += [f"seed={seed}"] if seed else []
    parts += [f"path=Path({path!r})"] if path is not None else []
    design = ""
    if is_own_design(spec):
        usual = NetworkSpec(depths=(1,), widths=(1,)).to_dict()
        told = {name: value for name, value in spec.to_dict().items() if value != usual[name]}
        design = f", NetworkSpec.from_dict({_plain(told)!r})"
    return f'NetworkChoice("{spec.name}", WeightChoice({", ".join(parts)}){design})'


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {k: v.value if isinstance(v, StrEnum) else v for k, v in values.items()}


def command_line(comparison: Comparison, layer: str) -> str:
    """The same from a terminal."""
    residual, plain = comparison.sides.first, comparison.sides.second
    seed = next((s.seed for s in (residual, plain) if s.seed), None)
    file = residual.source is WeightSource.FILE
    weights = residual.path or residual.weights if file else residual.source
    options = {
        "--network": residual.spec.name,
        "--weights": weights,
        "--seed": seed,
        "--target": comparison.target,
        "--layer": layer,
        "--score": residual.analysis.score,
        "--out": "report",
    }
    words = [f"{name} {value}" for name, value in options.items() if value is not None]
    return " ".join(["resnet-viz compare photo.jpg", *words])


def _choice(comparison: Comparison) -> str:
    residual, plain = comparison.sides.first, comparison.sides.second
    parts = [f"WeightSource.{residual.source.name}"]
    seed = next((side.seed for side in (residual, plain) if side.seed), None)
    if seed is not None:
        parts.append(f"seed={seed}")
    for field, side in (("path", residual), ("plain_path", plain)):
        if side.source is WeightSource.FILE:
            parts.append(f"{field}=Path({str(side.path or side.weights)!r})")
    if residual.source is WeightSource.PRETRAINED:
        parts.append(f"plain=WeightSource.{plain.source.name}")
    return ", ".join(parts)
