"""Findings as text and JSON: caption, verdict, document, saved files, reproducing code."""

from math import isfinite
from pathlib import Path

from resnet_viz.core.converter import JsonObject, encode
from resnet_viz.core.saving import SCHEMA_VERSION, library_versions, new_folder, to_json
from resnet_viz.core.text import Text
from resnet_viz.experiments.literature import compared_numbers
from resnet_viz.experiments.registry import EXPERIMENTS, Experiment
from resnet_viz.experiments.remarks import published_label, remarks
from resnet_viz.records import Finding
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
    words = {_placeholder(name): _number(value) for name, value in finding.numbers.items()}
    return text(f"experiment.{finding.experiment}.caption", **words)


def finding_verdict(finding: Finding, text: Text) -> str:
    """Return a sentence that says whether the measurement agrees with the source."""
    row = EXPERIMENTS[finding.experiment]
    if finding.answer is None:
        return text("experiments.open")
    verdict = "agrees" if finding.answer == row.expected else "differs"
    return text(
        f"experiments.{verdict}",
        measured=text(f"experiment.{row.name}.answer_{finding.answer}"),
        published=text(f"experiment.{row.name}.answer_{row.expected}"),
        citation=row.citation,
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
    return {
        "schema_version": SCHEMA_VERSION,
        **_values(finding),
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


def _values(finding: Finding) -> JsonObject:
    """Return the finding without progress and without the empty matrices of panels of curves."""
    values: JsonObject = encode(finding)
    del values["progress"]
    for panel in values["panels"]:
        if panel["matrix"] is None:
            del panel["matrix"]
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
        finding.to_frame().to_csv(partial / "values.csv", index=False)


def python_line(finding: Finding) -> str:
    """Return the Python expression that reproduces a finding."""
    settings = encode(finding.settings)
    arguments = "".join(f", {name}={value!r}" for name, value in settings.items() if value != "")
    return f'run_experiment("{finding.experiment}"{arguments})'


def _placeholder(name: str) -> str:
    """Return a number's name as a placeholder: letters, digits and underscores."""
    return "".join(c if c.isalnum() else "_" for c in name)


def _number(value: float) -> str:
    if not isfinite(value) or value == 0:
        return f"{value:g}"
    if 0.01 <= abs(value) < 1e5:
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    return f"{value:.2e}"
