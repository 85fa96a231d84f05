"""The lines of Python that repeat what the page Explain shows."""

from resnet_viz.records import Pair, WeightSource
from resnet_viz.records.explanation import ExplainedPicture, Explanation, Origin
from resnet_viz.report.comparison_code import network_choice


def explanation_code(found: Pair[ExplainedPicture]) -> str:
    """Both networks with their weights, the same picture, method, layers, target and options."""
    first, second = found.first, found.second
    lines = _loading(first.origin, second.origin)
    fused = first.explanation.fused is not None
    return "\n".join(
        [
            "from pathlib import Path",
            "from resnet_viz import explain, read_picture, seen, to_batch",
            *(["from resnet_viz.records.explanation import Fused, Fusion"] if fused else []),
            *lines,
            'picture = read_picture("photo.jpg")',
            f"targets = {[made.explanation.target for made in (first, second)]}",
            f"layers = [{_place(first.explanation)}, {_place(second.explanation)}]",
            "for loaded, layer, target in zip(pair, layers, targets):",
            "    image = to_batch([seen(picture, loaded.preprocessing)], loaded.preprocessing)",
            f'    found = explain(loaded.network, image, "{first.explanation.method}", '
            f"layer=layer, target=target{_rest(first.explanation)})",
            "    print(found.network, found.map.max(), found.blank)",
        ]
    )


def _place(explanation: Explanation) -> str:
    if explanation.fused is None:
        return repr(explanation.layer)
    return f"Fused(Fusion.{explanation.fused.how.name}, {explanation.fused.layers!r})"


def _rest(explanation: Explanation) -> str:
    against = "" if explanation.against is None else f", against={explanation.against}"
    return against + (f", options={dict(explanation.options)}" if explanation.options else "")


def _loading(first: Origin, second: Origin) -> list[str]:
    """The lines that make ``pair``, a list of both networks."""
    sources = {first.source, second.source}
    if sources == {WeightSource.BUNDLED}:
        return [
            "from resnet_viz import load_bundled",
            f'pair = [load_bundled("{first.spec.name}"), load_bundled("{second.spec.name}")]',
        ]
    lines = [
        "from resnet_viz import NetworkSpec, WeightSource",
        "from resnet_viz.checkpoints.choice import NetworkChoice, WeightChoice, load_choice",
        f"first = load_choice({_choice(first)})",
    ]
    if second.source is WeightSource.LESION:  # the same weights with every shortcut cut
        lines += ["from resnet_viz.checkpoints.pairs import lesion", "second = lesion(first)"]
    else:
        lines.append(f"second = load_choice({_choice(second)})")
    return [*lines, "pair = [first, second]"]


def _choice(origin: Origin) -> str:
    return network_choice(origin.spec, origin.source, origin.seed or 0, origin.path)
