"""A finding with its sentences, for programs, files and pages."""

from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import Any

from resnet_viz.core.converter import JsonObject, encode
from resnet_viz.core.saving import SCHEMA_VERSION, library_versions, new_folder, to_json
from resnet_viz.core.text import Text
from resnet_viz.experiments.literature import compared_numbers
from resnet_viz.experiments.registry import EXPERIMENTS, Experiment
from resnet_viz.experiments.remarks import published_words, remarks
from resnet_viz.records import Finding


def experiment_description(row: Experiment, text: Text) -> JsonObject:
    """An experiment before it is run."""
    return {
        "name": row.name,
        "title": text(f"experiment.{row.name}.title"),
        "claim": text(f"experiment.{row.name}.claim"),
        "citation": row.citation,
        "cost": row.cost.value,
        "settings": {k: str(v) for k, v in row.settings().__dict__.items()},
    }


def caption(found: Finding, text: Text) -> str:
    """What was measured, in one sentence made of its numbers."""
    written = {_place(name): _number(value) for name, value in found.numbers.items()}
    return text(f"experiment.{found.experiment}.caption", **written)


def finding_verdict(found: Finding, text: Text) -> str:
    """Whether the measurement and the source agree."""
    row = EXPERIMENTS[found.experiment]
    if found.answer is None:
        return text("experiments.open")
    agreed = "agrees" if found.answer == row.expected else "differs"
    return text(
        f"experiments.{agreed}",
        measured=text(f"experiment.{row.name}.answer_{found.answer}"),
        published=text(f"experiment.{row.name}.answer_{row.expected}"),
        citation=row.citation,
    )


def changed(row: Experiment, settings: Mapping[str, Any]) -> str:
    """Settings that are not the usual ones: "depth = 56, images = 1000"; empty if none."""
    given = row.settings(settings)
    return ", ".join(
        f"{name} = {_listed(value)}"
        for name, value in vars(given).items()
        if value != getattr(row.config, name)
    )


def _listed(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def whole_finding(found: Finding, text: Text) -> JsonObject:
    """The finding as plain values, with claim, caption, verdict and published figures."""
    row = EXPERIMENTS[found.experiment]
    return {
        "schema_version": SCHEMA_VERSION,
        **_values(found),
        "claim": text(f"experiment.{row.name}.claim"),
        "citation": row.citation,
        "expected": row.expected,
        "caption": caption(found, text),
        "verdict": finding_verdict(found, text),
        "refutation": text(f"experiment.{row.name}.refute"),
        "remarks": remarks(found, text),
        "published": [
            {
                "what": published_words(row.name, one.published, text),
                "published": one.published.value,
                "measured": one.measured,
                "agrees": one.agrees,
                "source": one.published.source,
            }
            for one in compared_numbers(found)
        ],
        "versions": library_versions(),
    }


def _values(found: Finding) -> JsonObject:
    """The finding without its progress; a panel of curves without its matrix."""
    values: JsonObject = encode(found)
    del values["progress"]
    for panel in values["panels"]:
        if panel["matrix"] is None:
            del panel["matrix"]
    return values


def save_finding(found: Finding, folder: Path, text: Text) -> None:
    """``finding.json`` and ``values.csv`` in a new folder; ``OutputError`` if it exists."""
    with new_folder(folder) as partial:
        (partial / "finding.json").write_text(to_json(whole_finding(found, text)), encoding="utf-8")
        found.to_frame().to_csv(partial / "values.csv", index=False)


def python_line(found: Finding) -> str:
    """The line of Python that repeats a finding."""
    settings = encode(found.settings)
    given = "".join(f", {name}={value!r}" for name, value in settings.items() if value != "")
    return f'run_experiment("{found.experiment}"{given})'


def _place(name: str) -> str:
    """A number's name as it stands in a sentence: letters, digits and underscores."""
    return "".join(c if c.isalnum() else "_" for c in name)


def _number(value: float) -> str:
    if not isfinite(value) or value == 0:
        return f"{value:g}"
    if 0.01 <= abs(value) < 1e5:
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    return f"{value:.2e}"
