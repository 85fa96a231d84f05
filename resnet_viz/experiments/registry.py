"""The table of experiments: each is registered here once, and pages and commands read it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from resnet_viz.core.errors import OptionError, close_matches
from resnet_viz.experiments import (
    cka,
    degradation,
    grad_cam_sanity,
    layer_responses,
    lesion,
    loss_landscape,
    mlp,
    normalisation_free,
    paths,
    refinement,
    shattered_gradients,
    shortcut_strength,
    zero_means_identity,
)
from resnet_viz.experiments.settings import filled
from resnet_viz.records import Finding


class Cost(StrEnum):
    """How long an experiment takes on two cores as it is set at first."""

    MOMENT = "moment"  # under two seconds
    SECONDS = "seconds"  # under twenty
    MINUTE = "minute"  # about a minute


@dataclass(frozen=True)
class Experiment:
    """One row. Title, question, claim and answers are sentences under ``experiment.<name>``.

    ``answers`` are what can come out; ``expected`` is what the source found. ``small`` are the
    settings of a quick look, which needs nothing but the repository.
    """

    name: str
    citation: str
    cost: Cost
    answers: tuple[str, ...]
    expected: str
    config: Any
    small: Mapping[str, Any]
    run: Callable[[Any], Iterator[Finding]]
    resume: Callable[[Any, Finding], Iterator[Finding]] | None = None  # from an earlier finding

    def settings(self, given: Mapping[str, Any] | None = None, *, small: bool = False) -> Any:  # noqa: ANN401
        """The settings with some changed; ``OptionError`` for what makes no sense."""
        start = filled(self.config, self.small) if small else self.config
        return filled(start, given or {})

    def go_on(self, config: Any, earlier: Finding) -> Iterator[Finding]:  # noqa: ANN401
        """From an earlier finding where that can be done, else from the beginning."""
        same = filled(self.config, earlier.settings) == config
        return self.resume(config, earlier) if self.resume and same else self.run(config)


_PHOTOGRAPHS = {"source": "photographs"}
_TWINS = ("residual", "plain", "both")

EXPERIMENTS: Mapping[str, Experiment] = {
    row.name: row
    for row in (
        Experiment(
            "shattered-gradients", "Balduzzi 2017, arXiv 1702.08591", Cost.SECONDS,
            ("plain", "residual", "both"), "plain",
            shattered_gradients.ShatteredConfig(), {"seeds": 2, "width": 100},
            shattered_gradients.run,
        ),
        Experiment(
            "gradient-growth", "Yang 2019, arXiv 1902.08129", Cost.SECONDS,
            ("explodes", "steady"), "explodes",
            mlp.MlpConfig(), {"width": 128, "batch": 128, "layers": 30},
            mlp.run,
        ),
        Experiment(
            "paths", "Veit 2016, arXiv 1605.06431", Cost.SECONDS,
            ("short", "middle"), "short",
            paths.PathsConfig(), {**_PHOTOGRAPHS, "draws": 1},
            paths.run,
        ),
        Experiment(
            "lesion", "Veit 2016, arXiv 1605.06431", Cost.MINUTE,
            _TWINS, "plain",
            lesion.LesionConfig(), {**_PHOTOGRAPHS, "draws": 1},
            lesion.run,
        ),
        Experiment(
            "layer-responses", "He 2015, arXiv 1512.03385, fig. 7", Cost.SECONDS,
            ("residual", "plain"), "residual",
            layer_responses.ResponsesConfig(), _PHOTOGRAPHS,
            layer_responses.run,
        ),
        Experiment(
            "refinement", "Jastrzebski 2018, arXiv 1710.04773", Cost.SECONDS,
            ("towards", "across", "away"), "towards",
            refinement.RefinementConfig(), _PHOTOGRAPHS,
            refinement.run,
        ),
        Experiment(
            "cka", "Kornblith 2019, arXiv 1905.00414", Cost.SECONDS,
            _TWINS, "residual",
            cka.CkaConfig(), _PHOTOGRAPHS,
            cka.run,
        ),
        Experiment(
            "loss-landscape", "Li 2018, arXiv 1712.09913", Cost.SECONDS,
            ("residual", "plain"), "plain",
            loss_landscape.LandscapeConfig(), {**_PHOTOGRAPHS, "points": 5},
            loss_landscape.run, loss_landscape.run,
        ),
        Experiment(
            "shortcut-strength", "He 2016, arXiv 1603.05027", Cost.MINUTE,
            ("falls", "rises"), "falls",
            shortcut_strength.StrengthConfig(),
            {"depth": 14, "strengths": (0.0, 0.5, 1.0), "steps": 1},
            shortcut_strength.run,
        ),
        Experiment(
            "zero-means-identity", "He 2015, arXiv 1512.03385, sec. 3.1", Cost.SECONDS,
            ("residual", "plain"), "residual",
            zero_means_identity.IdentityConfig(), {"steps": 20, "channels": 8},
            zero_means_identity.run,
        ),
        Experiment(
            "grad-cam-sanity", "Adebayo 2018, arXiv 1810.03292", Cost.SECONDS,
            ("changes", "stays"), "changes",
            grad_cam_sanity.SanityConfig(), _PHOTOGRAPHS,
            grad_cam_sanity.run,
        ),
        Experiment(
            "degradation", "He 2015, arXiv 1512.03385, fig. 6", Cost.MINUTE,
            ("worse", "better"), "worse",
            degradation.DegradationConfig(), {"images": 20, "epochs": 1, "depths": (8, 14)},
            degradation.run,
        ),
        Experiment(
            "normalisation-free", "De 2020, arXiv 2002.10444; Zhang 2019, arXiv 1901.09321",
            Cost.MINUTE,
            ("zero_trains", "none_trains", "nothing_trains"), "zero_trains",
            normalisation_free.NormalisationConfig(), {"depth": 14, "steps": 2},
            normalisation_free.run,
        ),
    )
}  # fmt: skip


def find_experiment(name: str) -> Experiment:
    """A row by its name; ``OptionError`` lists close ones."""
    if name not in EXPERIMENTS:
        known = close_matches(name, list(EXPERIMENTS), count=20)
        raise OptionError("option_unknown", option="experiment", value=name[:80], known=known)
    return EXPERIMENTS[name]


def run_experiment(name: str, *, small: bool = False, **settings: object) -> Finding:
    """An experiment to its end: ``run_experiment("lesion", depth=56, images=1000)``.

    ``experiment(name).run(config)`` is the generator behind it, for progress and stopping.
    """
    row = find_experiment(name)
    found = list(row.run(row.settings(settings, small=small)))
    return found[-1]
