"""The registry of experiments, read by the page, the commands and background runs."""

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
from resnet_viz.experiments.settings import with_changes
from resnet_viz.experiments.verdict_rules import RULES
from resnet_viz.records import UNSURE, Bar, Finding, Verdict, judge
from resnet_viz.records.findings import Settings


class Duration(StrEnum):
    """How long an experiment with default settings takes on two cores."""

    MOMENT = "moment"  # under 2 s
    SECONDS = "seconds"  # under 20 s
    MINUTE = "minute"  # about 60 s


@dataclass(frozen=True)
class Experiment:
    """One experiment.

    Attributes
    ----------
    name
        Name; the texts of the experiment are in the table ``experiment.<name>``.
    citation
        The paper.
    duration
        Rough duration with default settings.
    answers
        The possible outcomes.
    expected
        The answer that the paper reports.
    agreeing
        Other answers that agree with the paper's claim.
    rule
        The bars that a finding's numbers must pass for each answer.
    config
        Default settings, a frozen dataclass.
    small
        Changes to the settings for a quick run without downloads.
    run
        Runs the experiment; yields findings.
    resume
        Continues from an earlier finding; None if the experiment cannot.

    """

    name: str
    citation: str
    duration: Duration
    answers: tuple[str, ...]
    expected: str
    rule: tuple[Bar, ...]
    config: Any
    small: Settings
    run: Callable[[Any], Iterator[Finding]]
    resume: Callable[[Any, Finding], Iterator[Finding]] | None = None
    agreeing: tuple[str, ...] = ()

    @property
    def choices(self) -> tuple[str, ...]:
        """What one may guess: the answers and "unsure"."""
        return (*self.answers, UNSURE)

    def verdict(self, finding: Finding) -> Verdict | None:
        """Return what a complete finding says about the claim; None if it is not complete."""
        if finding.progress < 1:
            return None
        agreeing = (self.expected, *self.agreeing)
        return judge(finding.numbers, self.rule, self.answers, agreeing)

    def settings(self, changes: Settings | None = None, *, small: bool = False) -> Any:  # noqa: ANN401
        """Return the default or the small settings with some values changed.

        Raises
        ------
        OptionError
            For an unknown setting or an invalid value.

        """
        start = with_changes(self.config, self.small) if small else self.config
        return with_changes(start, changes or {})

    def continue_from(self, config: Any, earlier: Finding) -> Iterator[Finding]:  # noqa: ANN401
        """Continue from an earlier finding if possible, else start from the beginning."""
        same_settings = with_changes(self.config, earlier.settings) == config
        if self.resume is None or not same_settings:
            return self.run(config)
        return self.resume(config, earlier)


_PHOTOGRAPHS = {"source": "photographs"}

#: All experiments by name.
EXPERIMENTS: Mapping[str, Experiment] = {
    row.name: row
    for row in (
        Experiment(
            "shattered-gradients", "Balduzzi 2017, arXiv 1702.08591", Duration.SECONDS,
            ("plain", "both", "neither", "residual"), "plain", RULES["shattered-gradients"],
            shattered_gradients.ShatteredConfig(), {"seeds": 2, "width": 100},
            shattered_gradients.run,
        ),
        Experiment(
            "gradient-growth", "Yang 2019, arXiv 1902.08129", Duration.SECONDS,
            ("vanishes", "steady", "explodes"), "explodes", RULES["gradient-growth"],
            mlp.MlpConfig(), {"width": 128, "batch": 128, "layers": 30, "seeds": 2},
            mlp.run,
        ),
        Experiment(
            "paths", "Veit 2016, arXiv 1605.06431", Duration.MINUTE,
            ("short", "middle", "long"), "short", RULES["paths"],
            paths.PathsConfig(), {**_PHOTOGRAPHS, "depth": 20, "draws": 50},
            paths.run,
        ),
        Experiment(
            "lesion", "Veit 2016, arXiv 1605.06431", Duration.MINUTE,
            ("both_little", "both_much", "plain", "residual"), "plain", RULES["lesion"],
            lesion.LesionConfig(), {**_PHOTOGRAPHS, "draws": 1},
            lesion.run,
        ),
        Experiment(
            "layer-responses", "He 2015, arXiv 1512.03385, fig. 7", Duration.SECONDS,
            ("equal", "residual", "plain"), "residual", RULES["layer-responses"],
            layer_responses.ResponsesConfig(), _PHOTOGRAPHS,
            layer_responses.run,
        ),
        Experiment(
            "refinement", "Jastrzebski 2018, arXiv 1710.04773", Duration.SECONDS,
            ("everywhere", "last", "nowhere", "away"), "last", RULES["refinement"],
            refinement.RefinementConfig(), _PHOTOGRAPHS,
            refinement.run,
        ),
        Experiment(
            "cka", "Kornblith 2019, arXiv 1905.00414", Duration.SECONDS,
            ("equal", "plain", "residual"), "residual", RULES["cka"],
            cka.CkaConfig(), _PHOTOGRAPHS,
            cka.run,
        ),
        Experiment(
            "loss-landscape", "Li 2018, arXiv 1712.09913", Duration.SECONDS,
            ("equal", "residual", "plain"), "plain", RULES["loss-landscape"],
            loss_landscape.LandscapeConfig(), {**_PHOTOGRAPHS, "points": 5, "directions": 2},
            loss_landscape.run, loss_landscape.run,
        ),
        Experiment(
            "shortcut-strength", "He 2016, arXiv 1603.05027", Duration.MINUTE,
            ("jumps", "falls", "same", "rises"), "falls", RULES["shortcut-strength"],
            shortcut_strength.StrengthConfig(),
            {"depth": 14, "strengths": (0.0, 0.5, 1.0), "steps": 1, "seeds": 2},
            shortcut_strength.run,
        ),
        Experiment(
            "zero-means-identity", "He 2015, arXiv 1512.03385, sec. 3.1", Duration.SECONDS,
            ("equal", "residual", "plain"), "residual", RULES["zero-means-identity"],
            zero_means_identity.IdentityConfig(), {"steps": 20, "channels": 8},
            zero_means_identity.run,
        ),
        Experiment(
            "grad-cam-sanity", "Adebayo 2018, arXiv 1810.03292", Duration.SECONDS,
            ("noise", "gradual", "never"), "gradual", RULES["grad-cam-sanity"],
            grad_cam_sanity.SanityConfig(), {**_PHOTOGRAPHS, "images": 8},
            grad_cam_sanity.run, agreeing=("noise",),
        ),
        Experiment(
            "degradation", "He 2015, arXiv 1512.03385, fig. 6", Duration.MINUTE,
            ("overfits", "rises", "falls"), "rises", RULES["degradation"],
            degradation.DegradationConfig(), {"images": 20, "epochs": 1, "depths": (8, 14)},
            degradation.run,
        ),
        Experiment(
            "normalisation-free", "De 2020, arXiv 2002.10444; Zhang 2019, arXiv 1901.09321",
            Duration.MINUTE,
            ("none_trains", "nothing_trains", "zero_trains"), "zero_trains",
            RULES["normalisation-free"],
            normalisation_free.NormalisationConfig(), {"depth": 14, "steps": 10},
            normalisation_free.run,
        ),
    )
}  # fmt: skip


def find_experiment(name: str) -> Experiment:
    """Return an experiment by name; ``OptionError`` lists similar names."""
    if name not in EXPERIMENTS:
        known = close_matches(name, list(EXPERIMENTS), count=20)
        raise OptionError("option_unknown", option="experiment", value=name[:80], known=known)
    return EXPERIMENTS[name]


def run_experiment(name: str, *, small: bool = False, **settings: object) -> Finding:
    """Run an experiment to its end, such as ``run_experiment("lesion", depth=56, images=1000)``.

    To follow the progress or to stop early, iterate over ``find_experiment(name).run(config)``.

    Parameters
    ----------
    name
        Name of the experiment.
    small
        Whether to start from the settings of a quick run.
    **settings
        Settings that differ from the defaults.

    Returns
    -------
    Finding
        The last finding.

    Raises
    ------
    OptionError
        For an unknown experiment or setting, or an invalid value.

    """
    row = find_experiment(name)
    findings = list(row.run(row.settings(settings, small=small)))
    return findings[-1]
