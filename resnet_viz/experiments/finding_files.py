"""Findings as text and JSON: caption, verdict, document, saved files, reproducing code."""

from pathlib import Path

from resnet_viz.core.converter import JsonObject, encode
from resnet_viz.core.saving import SCHEMA_VERSION, library_versions, new_folder, to_json
from resnet_viz.core.tables import csv_text
from resnet_viz.core.text import Text
from resnet_viz.experiments.literature import compared_numbers
from resnet_viz.experiments.registry import EXPERIMENTS, Experiment
from resnet_viz.experiments.remarks import published_label, remarks, words_of
from resnet_viz.experiments.verdict_sentences import verdict_sentence
from resnet_viz.records import Finding, Statistic
from resnet_viz.records.findings import Settings


def experiment_description(row: Experiment, text: Text) -> JsonObject:
    """Return an experiment's description and default settings as JSON values."""
    return {
        "name": row.name,
        "title": text(f"experiment.{row.name}.title"),
        "claim": text(f"experiment.{row.name}.claim"),
        "citation": row.citation,
        "cost": row.duration.value,
        "settings": {k: str(v) for k, v in row.settings().__dict__.items()},
    }


def caption(finding: Finding, text: Text) -> str:
    """Return a sentence that states the measured numbers."""
    return text(f"experiment.{finding.experiment}.caption", **words_of(finding))


def finding_verdict(finding: Finding, text: Text) -> str:
    """Return a sentence: the finding agrees with its source, differs, or does not decide."""
    row = EXPERIMENTS[finding.experiment]
    verdict = row.verdict(finding)
    return (
        text("experiments.incomplete") if verdict is None else verdict_sentence(row, verdict, text)
    )


def changed_settings(row: Experiment, settings: Settings) -> str:
    """Return the settings that differ from the defaults, such as "depth = 56, images = 1000"."""
    config = row.settings(settings)
    return ", ".join(
        f"{name} = {_listed(value)}"
        for name, value in vars(config).items()
        if value != getattr(row.config, name)
    )


def _listed(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def finding_document(finding: Finding, text: Text) -> JsonObject:
    """Return the finding as JSON values, with claim, caption, verdict and published numbers."""
    row = EXPERIMENTS[finding.experiment]
    verdict = row.verdict(finding)
    return {
        "schema_version": SCHEMA_VERSION,
        **_values(finding),
        "answer": None if verdict is None else verdict.answer,
        "outcome": None if verdict is None else verdict.outcome.value,
        "statistics": [] if verdict is None else [_judged(one) for one in verdict.statistics],
        "claim": text(f"experiment.{row.name}.claim"),
        "citation": row.citation,
        "expected": row.expected,
        "caption": caption(finding, text),
        "verdict": finding_verdict(finding, text),
        "refutation": text(f"experiment.{row.name}.refute"),
        "remarks": remarks(finding, text),
        "published": [
            {
                "what": published_label(row.name, number.published, text),
                "published": number.published.value,
                "measured": number.measured,
                "agrees": number.agrees,
                "source": number.published.source,
            }
            for number in compared_numbers(finding)
        ],
        "versions": library_versions(),
    }


def _judged(one: Statistic) -> JsonObject:
    return {
        **encode(one.bar),
        "value": one.value,
        "low": one.low,
        "high": one.high,
        "fits": list(one.fits),
    }


def _values(finding: Finding) -> JsonObject:
    """Return the finding without progress and without the empty matrices of panels of curves."""
    values: JsonObject = encode(finding)
    del values["progress"]
    for panel in values["panels"]:
        if panel["matrix"] is None:
            del panel["matrix"]
        for curve in panel["curves"]:
            if curve["low"] is None:
                del curve["low"], curve["high"]
    return values


def save_finding(finding: Finding, folder: Path, text: Text) -> None:
    """Write ``finding.json`` and ``values.csv`` to a new folder.

    Raises
    ------
    OutputError
        If the folder exists.

    """
    document = to_json(finding_document(finding, text))
    with new_folder(folder) as partial:
        (partial / "finding.json").write_text(document, encoding="utf-8")
        (partial / "values.csv").write_text(csv_text(finding.to_frame()), encoding="utf-8")


def python_line(finding: Finding) -> str:
    """Return the Python expression that reproduces a finding."""
    settings = encode(finding.settings)
    arguments = "".join(f", {name}={value!r}" for name, value in settings.items() if value != "")
    return f'run_experiment("{finding.experiment}"{arguments})'
