"""Code that repeats an explanation."""

from resnet_viz.records import Pair, WeightSource
from resnet_viz.records.explained_picture import ExplainedPicture, Origin
from resnet_viz.records.explanation import Explanation
from resnet_viz.report.loading_code import loading_lines, network_ref


def explanation_code(pictures: Pair[ExplainedPicture]) -> str:
    """Python code with the same networks, weights, method, layers, targets and options."""
    first, second = pictures.first, pictures.second
    fused = ["Fused", "Fusion"] if first.explanation.fused is not None else []
    lines = _loading(first.origin, second.origin, fused)
    return "\n".join(
        [
            *lines,
            'picture = read_picture("photo.jpg")',
            f"targets = Pair({first.explanation.target}, {second.explanation.target})",
            f"layers = Pair({_place(first.explanation)}, {_place(second.explanation)})",
            "for (loaded, layer), target in pair.join(layers).join(targets):",
            "    image = to_batch([seen(picture, loaded.preprocessing)], loaded.preprocessing)",
            f'    explanation = explain(loaded.network, image, "{first.explanation.method}", '
            f"layer=layer, target=target{_rest(first.explanation)})",
            "    print(explanation.network, explanation.map.max(), explanation.blank)",
        ]
    )


def _place(explanation: Explanation) -> str:
    if explanation.fused is None:
        return repr(explanation.layer)
    return f"Fused(Fusion.{explanation.fused.how.name}, {explanation.fused.layers!r})"


def _rest(explanation: Explanation) -> str:
    against = "" if explanation.against is None else f", against={explanation.against}"
    return against + (f", options={dict(explanation.options)}" if explanation.options else "")


def _loading(first: Origin, second: Origin, more: list[str]) -> list[str]:
    """The lines that make ``pair``."""
    ref = network_ref(first.spec, first.source, first.seed, first.path)
    if second.source is WeightSource.LESION:  # the same weights with every shortcut cut
        other = ref.twin()
    else:
        other = network_ref(second.spec, second.source, second.seed, second.path)
    names = ["Pair", "explain", "read_picture", "seen", "to_batch", *more]
    return loading_lines(ref, other, names)
