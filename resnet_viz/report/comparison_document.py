"""A comparison as JSON values, for ``report.json`` and the command line."""

from resnet_viz.core.converter import JsonObject, encode
from resnet_viz.core.saving import SCHEMA_VERSION, library_versions
from resnet_viz.records import Comparison, Side, differences


def comparison_document(comparison: Comparison) -> JsonObject:
    """``{residual: {...}, plain: {...}}`` and what is needed to repeat the comparison.

    The keys are roles: two networks that are not twins are ``first`` and ``second``.

    Each side has network, weights, the five most probable predictions, and one row for every
    convolution, every block and the head in order of execution. Missing values are null.
    """
    analysis = comparison.sides.first.analysis
    return {
        "schema_version": SCHEMA_VERSION,
        "versions": library_versions(),
        "image": {"name": comparison.name, "digest": comparison.digest},
        "score": analysis.score.value,
        "batch_norm": analysis.batch_norm.value,
        "unequal_footing": _unequal(comparison),
        **{side.role.value: side_document(side) for side in comparison.sides},
    }


def _unequal(comparison: Comparison) -> JsonObject:
    """What differs in the trainings of both networks, with both values; {} if nothing does."""
    known = [side.footing for side in comparison.sides if side.footing is not None]
    return {name: list(values) for name, values in differences(known).items()}


def side_document(side: Side) -> JsonObject:
    """One network of a comparison."""
    analysis = side.analysis
    return {
        "network": side.spec.name,
        "weights": side.weights,
        "seed": side.seed,
        "footing": None if side.footing is None else encode(side.footing),
        "spec": side.spec.to_dict(),
        "target": side.target_label,
        "predictions": [
            {"label": prediction.label, "probability": prediction.probability}
            for prediction in analysis.predictions(side.classes)
        ],
        "layers": [_layer(side, name) for name in side.main_layers],
    }


def _layer(side: Side, name: str) -> JsonObject:
    analysis = side.analysis
    gradient = analysis.activation_gradient_norms
    return {
        "name": name,
        "shape": list(analysis.features[name].shape[1:]),
        "activation_gradient_norm": float(gradient[name][0]) if name in gradient else None,
        "weight_gradient_norm": analysis.weight_gradient_norms.get(name),
        "relative_weight_gradient_norm": analysis.relative_weight_gradient_norms.get(name),
        "cam_max": float(analysis.cams[name][0].max()) if name in analysis.cams else None,
    }
