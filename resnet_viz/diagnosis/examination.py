"""``Examined``: every finding on an identified network, weighed and in the order of causes."""

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, replace
from statistics import median

import torch

from resnet_viz.checkpoints.identifying.identification import Identification
from resnet_viz.diagnosis.answers import Answers, answers
from resnet_viz.diagnosis.causes import chained
from resnet_viz.diagnosis.checks.file_checks import file_findings
from resnet_viz.diagnosis.checks.image_checks import ImageMeasurements, image_findings, measure
from resnet_viz.diagnosis.checks.input_checks import input_findings
from resnet_viz.diagnosis.checks.known_checks import known_findings
from resnet_viz.diagnosis.checks.onnx_graph import onnx_findings
from resnet_viz.diagnosis.checks.update_checks import update_findings
from resnet_viz.diagnosis.checks.weight_checks import weight_findings
from resnet_viz.diagnosis.judgement import Evidence, judged
from resnet_viz.diagnosis.pictures import RunPictures
from resnet_viz.diagnosis.weighted_layers import is_finite, layers_of_network
from resnet_viz.records import CheckFinding, DiagnosisPart, DiagnosisProgress

_PIXELS = 0.25  # deviation of a photograph's pixels in [0, 1]
#: Median score of layers whose pictures are like those of the training.
_LIKE = 0.3


@dataclass(frozen=True, eq=False)
class Examined:
    """An identified network with its measurements and findings.

    Parameters
    ----------
    identification
        The network.
    measured
        On pictures; None if it was not run: its input has other channels, or weights are NaN.
    raw
        Findings of single checks.
    evidence
        What is known about answers and pictures.

    """

    identification: Identification
    measured: ImageMeasurements | None
    raw: tuple[CheckFinding, ...]
    evidence: Evidence

    def findings(
        self, more: Iterable[CheckFinding] = (), known: Answers | None = None
    ) -> tuple[CheckFinding, ...]:
        """All findings and ``more``, folded into their causes; ``known`` replaces the answers."""
        evidence = self.evidence if known is None else replace(self.evidence, answers=known)
        every = judged([*self.raw, *more], self.identification, evidence)
        return chained(every, self.identification.network.tap_names())


def examined(
    identification: Identification, pictures: RunPictures, file: str, *, own_images: bool
) -> Generator[DiagnosisProgress, None, Examined]:
    """Run every check that needs no labels of the user, and yield what is being done.

    Parameters
    ----------
    identification
        The network.
    pictures
        What it is run on.
    file
        Path of the file, for an ONNX graph of its own; empty without one.
    own_images
        Whether these are the user's, not bundled ones.

    """
    yield DiagnosisProgress(DiagnosisPart.WEIGHTS, 0)
    found = [
        *file_findings(identification),
        *onnx_findings(identification, file),
        *_of_weights(identification),
    ]
    yield DiagnosisProgress(DiagnosisPart.IMAGES, 0)
    measured, known = _run(identification, pictures)
    like = measured is None or _alike(measured)
    evidence = Evidence(known, own_images, like)
    if measured is not None:
        yield DiagnosisProgress(DiagnosisPart.INPUT, 0)
        found += image_findings(identification, measured, known)
        found += known_findings(identification, known, alike=like)
        same = pictures.labels if pictures.labelled is pictures.batch else None
        found += input_findings(
            identification, pictures.batch, measured.logits, same, own_images=own_images
        )
    return Examined(identification, measured, tuple(found), evidence)


def _run(
    identification: Identification, pictures: RunPictures
) -> tuple[ImageMeasurements | None, Answers | None]:
    network, fits = identification.network, pictures.batch.shape[1]
    values = network.state_dict().values()
    if identification.spec.input_channels != fits or not all(map(is_finite, values)):
        return None, None
    measured = measure(network, pictures.batch, identification.remeasured)
    if pictures.labels is None or pictures.labelled is None:
        return measured, None
    if pictures.labelled is pictures.batch:
        again = measured.statistics.logits
        return measured, answers(measured.logits, pictures.labels, again)
    with torch.no_grad():
        logits = network(pictures.labelled)
    return measured, answers(logits, pictures.labels)


def _alike(measured: ImageMeasurements) -> bool:
    scores = list(measured.statistics.later.values())
    return not scores or median(scores) <= _LIKE


def _of_weights(identification: Identification) -> Iterator[CheckFinding]:
    layers = layers_of_network(
        identification.network,
        answers=identification.file.answers,
        input_variance=_input_variance(identification),
    )
    yield from weight_findings(layers)
    yield from update_findings(identification.update_ratios)


def _input_variance(identification: Identification) -> float:
    """About the variance of normalised photographs, whose pixels deviate by a quarter."""
    deviations = identification.preprocessing.deviation
    return (_PIXELS / (sum(deviations) / len(deviations))) ** 2
