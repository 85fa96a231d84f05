"""The lines that repeat a comparison."""

from resnet_viz.checkpoints.pairs import preset_of_shape
from resnet_viz.records import Comparison, WeightSource


def python_lines(comparison: Comparison, layer: str) -> str:
    """A few lines of Python with the same networks, weights, target and layer."""
    residual = comparison.sides.residual
    name = preset_of_shape(residual.spec) or residual.spec.name
    target = "" if comparison.target is None else f", target={comparison.target}"
    maps = f'analysis.cams["{layer}"]'
    return "\n".join(
        [
            *(["from pathlib import Path"] if residual.source is WeightSource.FILE else []),
            "from resnet_viz import WeightChoice, WeightSource, compare, load_pair, read_picture",
            f'pair = load_pair("{name}", WeightChoice({_choice(comparison)}))',
            f'result = compare(pair, read_picture("photo.jpg"){target}, '
            f'score="{residual.analysis.score}")',
            "for kind, side in result.sides.items():",
            f"    print(kind, side.{maps}.max(), side.analysis.predictions(side.classes)[0])",
        ]
    )


def command_line(comparison: Comparison, layer: str) -> str:
    """The same from a terminal."""
    residual, plain = comparison.sides.residual, comparison.sides.plain
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
    residual, plain = comparison.sides.residual, comparison.sides.plain
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
