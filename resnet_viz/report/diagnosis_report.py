"""A diagnosis as one HTML file that works offline, and as JSON."""

from dataclasses import replace
from pathlib import Path

from markupsafe import Markup

from resnet_viz.core.converter import encode
from resnet_viz.core.errors import OutputError
from resnet_viz.core.number_format import readable
from resnet_viz.core.saving import to_json
from resnet_viz.core.text import Text
from resnet_viz.datasets.cifar10_images import EXCERPT
from resnet_viz.figures.diagnosis_plots import finding_figure
from resnet_viz.figures.xray_drawing import xray_figure
from resnet_viz.records import CheckFinding, CheckpointReport, Severity, Tier
from resnet_viz.report.html_document import plot_markup, render
from resnet_viz.report.labelled_section import labelled_section
from resnet_viz.spec import NetworkSpec, Shortcut


def verdict(report: CheckpointReport, text: Text) -> str:
    """One line: what the checkpoint is, and its numbers of failures and warnings."""
    identified = report.identified
    is_built = identified.tier is Tier.NETWORK
    kind = text(f"kinds.{identified.kind}") if identified.kind else text("diagnosis.kind_unknown")
    counts = [
        text(f"diagnosis.count_{severity}", count=report.count(severity))
        for severity in (Severity.FAIL, Severity.WARN)
        if report.count(severity)
    ]
    return text(
        "diagnosis.verdict" if is_built else "diagnosis.verdict_weights",
        family=text(f"families.{identified.family}", depth=identified.depth),
        kind=kind,
        classes=identified.classes,
        findings=text("diagnosis.between").join(counts) or text("diagnosis.healthy"),
    )


def facts(report: CheckpointReport, text: Text) -> list[tuple[str, str]]:
    """Names and values of what was identified, followed by the file's own metadata."""
    identified = report.identified
    rows = [
        ("matched", text("diagnosis.matched", matched=identified.matched, total=identified.total)),
        ("parameters", f"{identified.parameters:,}"),
    ]
    if identified.spec is not None:
        rows += _built(report, identified.spec, text)
    metadata = [(str(name), str(value)) for name, value in identified.training.items()]
    return [(text(f"diagnosis.fact_{name}"), value) for name, value in rows] + metadata


def _built(report: CheckpointReport, spec: NetworkSpec, text: Text) -> list[tuple[str, str]]:
    """Names and values of a network that was built and run."""
    identified = report.identified
    normalisation = text(f"normalisations.{identified.normalisation}")
    padded = identified.shortcut == Shortcut.ZERO_PAD
    padding = f", {text('design.field_padding')}: {text(f'design.padding_{spec.padding}')}"
    return [
        ("confidence", f"{identified.confidence:.1%}"),
        ("block", f"{identified.block}, {'-'.join(map(str, identified.stages))}"),
        ("widths", ", ".join(map(str, identified.widths))),
        ("shortcut", (identified.shortcut or "?") + (padding if padded else "")),
        ("input", text("diagnosis.input", channels=identified.input_channels, name=normalisation)),
        ("images", _images(report.images, text)),
    ]


def _images(name: str, text: Text) -> str:
    """Return what the images are: bundled ones in words, else the name of a set, folder or file."""
    return text(f"image_sources.{name}") if name in ("bundled", EXCERPT.name) else name


def diagnosis_json(report: CheckpointReport, text: Text) -> str:
    """The JSON of the command line, and the full report under ``report``."""
    return to_json({**report.contract(text), "report": encode(replace(report, xray=None))})


def diagnosis_page(report: CheckpointReport, text: Text) -> str:
    """The report as an HTML document that works offline."""
    labelled = None if report.labelled is None else labelled_section(report.labelled, text)
    drawing, plots = _drawing(report, text), _plots(report, text)
    return render(
        "diagnosis.html",
        text,
        title=report.name,
        verdict=verdict(report, text),
        drawing=drawing,
        facts=facts(report, text),
        findings=[
            (
                finding,
                heading(finding, text),
                numbers(finding, text),
                plot,
                [consequence(each, text) for each in finding.consequences],
            )
            for finding, plot in zip(report.findings, plots, strict=True)
        ],
        labelled=labelled,
        code=None if report.code is None else report.code.program,
    )


def write_diagnosis(report: CheckpointReport, path: Path, text: Text) -> None:
    """Write the HTML report to a new file; ``OutputError`` if it exists or cannot be written."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(diagnosis_page(report, text))
    except FileExistsError as error:
        raise OutputError("file_exists", file=path.name) from error
    except OSError as error:
        raise OutputError("file_not_writable", file=path.name) from error


def heading(finding: CheckFinding, text: Text) -> str:
    """A finding's name, with its layer if it has one."""
    name = finding.name(text)
    return text("diagnosis.at", name=name, layer=finding.layer) if finding.layer else name


def numbers(finding: CheckFinding, text: Text) -> str:
    """One line: value, threshold and the threshold's source."""
    shown = ["-" if n is None else readable(n, 4) for n in (finding.value, finding.threshold)]
    return text(
        "diagnosis.numbers", value=shown[0], threshold=shown[1], source=finding.source(text)
    )


def consequence(finding: CheckFinding, text: Text) -> str:
    """One line for a finding that follows from another: without advice, which would mislead."""
    shown = "-" if finding.value is None else readable(finding.value)
    name, grade = heading(finding, text), text(f"severities.{finding.severity}")
    return text("diagnosis.consequence", name=name, severity=grade, value=shown)


def _drawing(report: CheckpointReport, text: Text) -> Markup:
    """The network with every layer in the colour of its worst finding; empty without layers."""
    if not report.layers:
        return Markup()
    return plot_markup(xray_figure(report, None, text), with_plotly=True)


def _plots(report: CheckpointReport, text: Text) -> list[Markup]:
    """A plot for each finding, empty for one without a figure.

    The first plot of the document includes Plotly's code. Without a drawing of the network that is
    one of these, even if its finding is in order: the plots of labelled images need that code.
    """
    plots: list[Markup] = []
    for finding in report.findings:
        first = not report.layers and not any(plots)
        figure = finding_figure(finding, report, text)
        needed = figure is not None and (first or finding.severity is not Severity.OK)
        plots.append(plot_markup(figure, with_plotly=first) if needed else Markup())
    return plots
