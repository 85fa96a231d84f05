"""``compare_checkpoints``: CKA, weight distances and predictions on the same pictures."""

import math
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from resnet_viz.checkpoints.identifying.identification import Identification
from resnet_viz.core.errors import DataError
from resnet_viz.diagnosis.checks.known_checks import distances
from resnet_viz.diagnosis.checks.pair_checks import pair_findings
from resnet_viz.experiments.cka import alignment, grams, hsic_terms
from resnet_viz.pictures.samples import photographs, samples
from resnet_viz.records import AnsweredPicture, CheckpointComparison

_SHOWN = 16  # pictures whose predictions are listed
_FEWEST = 4  # pictures; debiased CKA divides by n (n - 3)


def compare_checkpoints(
    first: Identification, second: Identification, images: str | Path | None = None
) -> CheckpointComparison:
    """Compare two checkpoints on the same pictures, each with its own preprocessing.

    Parameters
    ----------
    first, second
        The networks, as ``identified`` returns them.
    images
        A folder, a ZIP or a named data set; default as for ``diagnose``.

    Returns
    -------
    CheckpointComparison
        ``cka`` is debiased linear CKA of every pair of blocks on one batch (Kornblith et al. 2019,
        arXiv 1905.00414; Song et al. 2012). ``moved`` are relative distances of the weights, for
        networks of the same shape. ``agreement`` is the share of equal predictions, for networks
        with the same classes. ``findings`` name a frozen body whose running statistics drifted,
        an average of weights without statistics of its own, and statistics that fit one of both.

    Raises
    ------
    DataError
        If there are fewer than four pictures, or they do not fit both networks.

    """
    name, (left, right) = _batches(first, second, images)
    if len(left) < _FEWEST:
        raise DataError("images_few", name=name, found=len(left), least=_FEWEST)
    same_classes = first.classes == second.classes
    with torch.no_grad():
        shares = [first.network(left).softmax(1), second.network(right).softmax(1)]
        terms = hsic_terms(grams(first.network, left), grams(second.network, right))
    answers = [each.argmax(1) for each in shares]
    return CheckpointComparison(
        first=first.name,
        second=second.name,
        images=name,
        count=len(left),
        first_blocks=tuple(first.spec.blocks()),
        second_blocks=tuple(second.spec.blocks()),
        cka=tuple(map(tuple, alignment(terms).nan_to_num(0).tolist())),
        moved=_moved(first, second),
        agreement=float((answers[0] == answers[1]).double().mean()) if same_classes else None,
        answers=_answers(first, second, shares, bundled=name == "bundled"),
        findings=tuple(pair_findings(first, second, (left, right))),
    )


def _batches(
    first: Identification, second: Identification, images: str | Path | None
) -> tuple[str, list[Float[Tensor, "n channels height width"]]]:
    from resnet_viz.diagnosis.user_images import own_set, user_images

    images = images or own_set(first)
    if images is None and first.spec.input_channels == second.spec.input_channels == 3:
        return "bundled", [photographs(each.preprocessing) for each in (first, second)]
    if images is None:
        raise DataError("images_none", name="-")
    user_sets = [user_images(images, each) for each in (first, second)]
    return user_sets[0].name, [each.batch() for each in user_sets]


def _moved(first: Identification, second: Identification) -> dict[str, float]:
    shapes = [
        {k: v.shape for k, v in each.network.state_dict().items()} for each in (first, second)
    ]
    if shapes[0] != shapes[1]:
        return {}
    layer_distances = distances(second.network, first.network)
    return {layer: value for layer, value in layer_distances.items() if math.isfinite(value)}


def _answers(
    first: Identification,
    second: Identification,
    shares: list[Float[Tensor, "n classes"]],
    *,
    bundled: bool,
) -> tuple[AnsweredPicture, ...]:
    """Predictions by picture: bundled photographs by name, others by number.

    The batch of small bundled photographs ends with their mirror images, which are left out.
    """
    count = len(samples()) if bundled else min(_SHOWN, len(shares[0]))
    names = list(samples()) if bundled else [f"{number + 1}" for number in range(count)]
    best = [each[:count].max(1) for each in shares]
    return tuple(
        AnsweredPicture(
            name=name,
            first=first.classes[int(best[0].indices[place])],
            first_probability=float(best[0].values[place]),
            second=second.classes[int(best[1].indices[place])],
            second_probability=float(best[1].values[place]),
        )
        for place, name in enumerate(names)
    )
