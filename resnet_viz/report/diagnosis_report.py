"""A diagnosis as one HTML file that works offline, and as JSON."""

from datetime import UTC, datetime
from html import escape
from pathlib import Path

from plotly.io import to_html

from resnet_viz.core.converter import encode
from resnet_viz.core.errors import OutputError
from resnet_viz.core.saving import library_versions, to_json
from resnet_viz.core.text import Text
from resnet_viz.figures.diagnosis_plots import finding_figure
from resnet_viz.records import CheckFinding, CheckpointReport, Severity
from resnet_viz.report.labelled_section import STYLE, labelled_section

_STYLE = """
body { font-family: "Source Sans Pro", "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei",
  sans-serif; max-width: 960px; margin: 2rem auto; padding: 0 1rem; color: #1f2937; }
h1 { font-size: 1.5rem; } details { border-top: 1px solid #e5e7eb; padding: 0.6rem 0; }
summary { cursor: pointer; } table { border-collapse: collapse; }
td { padding: 0.15rem 1rem 0.15rem 0; vertical-align: top; } footer { color: #6b7280; }
.fail { color: #b91c1c; } .warn { color: #b45309; } .note { color: #1d4ed8; }
.ok { color: #15803d; }
"""


def verdict(report: CheckpointReport, text: Text) -> str:
    """What the checkpoint is and how many findings matter, in one line."""
    found = report.identified
    kind = text(f"kinds.{found.kind}") if found.kind else text("diagnosis.kind_unknown")
    counts = [
        text(f"diagnosis.count_{severity}", count=report.count(severity))
        for severity in (Severity.FAIL, Severity.WARN)
        if report.count(severity)
    ]
    return text(
        "diagnosis.verdict",
        family=text(f"families.{found.family}", depth=found.depth),
        kind=kind,
        classes=found.classes,
        findings=text("diagnosis.between").join(counts) or text("diagnosis.healthy"),
    )


def facts(report: CheckpointReport, text: Text) -> list[tuple[str, str]]:
    """What was identified, as rows of a name and a value; then what the file says of itself."""
    found = report.identified
    normalisation = text(f"normalisations.{found.normalisation}")
    rows = [
        ("matched", text("diagnosis.matched", matched=found.matched, total=found.total)),
        ("confidence", f"{found.confidence:.1%}"),
        ("parameters", f"{found.parameters:,}"),
        ("block", f"{found.block}, {'-'.join(map(str, found.stages))}"),
        ("widths", ", ".join(map(str, found.widths))),
        ("shortcut", found.shortcut or "?"),
        ("input", text("diagnosis.input", channels=found.input_channels, name=normalisation)),
        ("images", text("diagnosis.bundled") if report.images == "bundled" else report.images),
    ]
    told = [(str(name), str(value)) for name, value in found.training.items()]
    return [(text(f"diagnosis.fact_{name}"), value) for name, value in rows] + told


def diagnosis_json(report: CheckpointReport, text: Text) -> str:
    """The findings as the command line prints them, and all numbers behind them."""
    return to_json({**report.contract(text), "report": encode(report)})


def diagnosis_page(report: CheckpointReport, text: Text) -> str:
    """The whole report as one HTML document."""
    told = "".join(
        f"<tr><td>{escape(k)}</td><td>{escape(v)}</td></tr>" for k, v in facts(report, text)
    )
    parts = []
    first = True
    for finding in report.findings:
        plot, first = _plot(finding, report, text, first)
        parts.append(_section(finding, text, plot))
    labelled = "" if report.labelled is None else labelled_section(report.labelled, text)
    made = text(
        "report.made",
        version=library_versions().get("resnet_viz", "0.1.0"),
        date=datetime.now(UTC).date().isoformat(),
    )
    return (
        f'<!DOCTYPE html><html lang="{text.language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(report.name)}</title><style>{_STYLE}{STYLE}</style></head><body>"
        f"<h1>{escape(report.name)}</h1><p><b>{escape(verdict(report, text))}</b></p>"
        f"<table>{told}</table>{''.join(parts)}{labelled}"
        f"<footer><p>{escape(made)}</p></footer></body></html>"
    )


def write_diagnosis(report: CheckpointReport, path: Path, text: Text) -> None:
    """The HTML report in a new file; ``OutputError`` if it exists or cannot be written."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(diagnosis_page(report, text))
    except FileExistsError as error:
        raise OutputError("file_exists", file=path.name) from error
    except OSError as error:
        raise OutputError("file_not_writable", file=path.name) from error


def heading(finding: CheckFinding, text: Text) -> str:
    """A finding's name, and its layer where it has one."""
    name = finding.name(text)
    return text("diagnosis.at", name=name, layer=finding.layer) if finding.layer else name


def numbers(finding: CheckFinding, text: Text) -> str:
    """Value, threshold and its source, in one line."""
    shown = ["-" if n is None else f"{n:.4g}" for n in (finding.value, finding.threshold)]
    return text(
        "diagnosis.numbers", value=shown[0], threshold=shown[1], source=finding.source(text)
    )


def _section(finding: CheckFinding, text: Text, plot: str) -> str:
    opened = " open" if finding.severity in (Severity.FAIL, Severity.WARN) else ""
    grade = text(f"severities.{finding.severity}")
    return (
        f"<details{opened}><summary><b class='{finding.severity}'>{escape(grade)}</b> "
        f"{escape(heading(finding, text))}</summary><p>{escape(finding.advice(text))}</p>"
        f"<p>{escape(numbers(finding, text))}</p>{plot}</details>"
    )


def _plot(
    finding: CheckFinding, report: CheckpointReport, text: Text, first: bool
) -> tuple[str, bool]:
    """A plot as HTML; the first brings Plotly's code along. None for what is in order."""
    figure = finding_figure(finding, report, text)
    if figure is None or (finding.severity is Severity.OK and not first):
        return "", first
    html: str = to_html(
        figure, full_html=False, include_plotlyjs=first, config={"displayModeBar": False}
    )
    return html, False
