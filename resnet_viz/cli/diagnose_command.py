"""The command ``diagnose``."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from resnet_viz.cli.options import Debug, GivenNetwork, Json, guarded, one_of, print_result
from resnet_viz.core.errors import CheckpointError, OptionError, OutputError
from resnet_viz.core.text import LANGUAGES, Text

if TYPE_CHECKING:
    from resnet_viz.checkpoints.identifying.identification import Identification
    from resnet_viz.records import CheckpointReport, DiagnosisProgress, Gate

#: The exit code of a checkpoint that does not pass.
REFUSED = 3
_FORMATS = ["text", "json", "github"]
_CLEARED = "\r\x1b[K"  # a terminal's line, empty again


@guarded
def diagnose(
    checkpoint: Annotated[
        Path, typer.Argument(help=".pt .pth .th .ckpt .bin .tar .safetensors .onnx .h5 .keras .npz")
    ],
    images: Annotated[
        str | None, typer.Option(help="A folder or ZIP of pictures, or a known data set.")
    ] = None,
    network: GivenNetwork = "",
    skip: Annotated[list[str] | None, typer.Option(help="A tensor to ignore; repeatable.")] = None,
    copy: Annotated[
        str, typer.Option(help="The set of weights to read, if the file has several.")
    ] = "",
    beside: Annotated[Path | None, typer.Option(help="A second checkpoint to compare.")] = None,
    against: Annotated[
        str, typer.Option(help="Another set of weights of the same file to compare.")
    ] = "",
    fail_on: Annotated[
        str | None,
        typer.Option(help="Exit with code 3 on a finding as bad: fail, warn or never (default)."),
    ] = None,
    silence: Annotated[
        list[str] | None, typer.Option(help="A check to leave out, or check:layer; repeatable.")
    ] = None,
    baseline: Annotated[
        Path | None, typer.Option(help="Findings of this JSON file are known and do not count.")
    ] = None,
    write_baseline: Annotated[
        bool, typer.Option("--write-baseline", help="Write the findings to the baseline.")
    ] = False,
    stress: Annotated[
        bool, typer.Option("--stress", help="Also measure resizing and rounding of weights.")
    ] = False,
    code: Annotated[
        bool, typer.Option("--code", help="Print only the Python code that loads the file.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="A new .html file for the report.")] = None,
    layers_csv: Annotated[
        Path | None, typer.Option(help="A new .csv file for the numbers of every layer.")
    ] = None,
    form: Annotated[
        str, typer.Option("--format", help="text, json, or github for annotations of its Actions.")
    ] = "text",
    language: Annotated[str, typer.Option(help="Language: en or zh.")] = "en",
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Identify a checkpoint and report its defects; with --fail-on a gate for CI.

    Exit codes: 0 passed, 1 something broke, 2 the input is wrong, 3 findings closed the gate.
    """
    from resnet_viz.diagnosis import diagnose as run
    from resnet_viz.networks.export.spec_file import given_spec

    one_of("language", language, list(LANGUAGES))
    one_of("format", form, _FORMATS)
    form, text = "json" if json else form, Text(language)
    gate_rules = _Rules(fail_on, tuple(silence or ()), baseline, write_baseline)
    spec = given_spec(network)
    left_out = tuple(skip or ())
    first: Identification | None = None
    if (stress or beside is not None or against) and not code and form != "github":
        first = run.identified(checkpoint, spec, left_out, copy)
        steps = run.examine(first, images, str(checkpoint))
    else:
        steps = run.diagnosis(checkpoint, images=images, spec=spec, skip=left_out, copy=copy)
    report = _followed(steps, text)
    if code:
        if report.code is None:
            raise CheckpointError("checkpoint_no_code", name=report.name)
        typer.echo(report.code.program, nl=False)
        return
    report, gate = gate_rules.judged(report)
    if out is not None:
        from resnet_viz.report.diagnosis_report import write_diagnosis

        write_diagnosis(report, out, text)
    if layers_csv is not None:
        _write_layers(report, layers_csv)
    if form == "github":
        _annotate(report, gate, str(checkpoint), text)
    else:
        result = {**report.contract(text), "gate": gate.contract()}
        if first is not None and stress:
            from resnet_viz.diagnosis import stress as stressing

            result["stress"] = stressing.stress(first, images).contract()
        if first is not None and (beside is not None or against):
            result |= _second(first, beside or checkpoint, against, images, text)
        if form != "json":  # what follows from a finding stands below it
            result["findings"] = list(report.rows(text))
        print_result(result if form == "json" else _for_people(result), form == "json")
    gate_rules.end(report, gate, text)


def _followed(steps: "Iterator[DiagnosisProgress]", text: Text) -> "CheckpointReport":
    """The last step's report; on a terminal one line says what is being done."""
    report, shown = None, sys.stderr.isatty()
    for step in steps:
        report = step.report
        if shown and report is None:
            part = text(f"diagnosis_parts.{step.part}")
            share = f" {step.share:.0%}" if step.share else ""
            typer.echo(f"{_CLEARED}{part} ...{share}", nl=False, err=True)
    if shown:
        typer.echo(_CLEARED, nl=False, err=True)
    assert report is not None  # the last step has one
    return report


class _Rules:
    """The project's rules, and the options that override them."""

    def __init__(
        self,
        fail_on: str | None,
        silence: tuple[str, ...],
        baseline: Path | None,
        write: bool,
    ) -> None:
        from dataclasses import replace

        from resnet_viz.diagnosis.checkpoint_gate import known_checks, read_baseline
        from resnet_viz.diagnosis.project_rules import project_rules
        from resnet_viz.records import FailOn

        project = project_rules(Path.cwd())
        known_checks(silence)
        self._rules = replace(project.rules, silence=(*project.rules.silence, *silence))
        if fail_on is not None:
            one_of("fail-on", fail_on, [*FailOn])
            self._rules = replace(self._rules, fail_on=FailOn(fail_on))
        self._path, self._write = baseline or project.baseline, write
        if write and self._path is None:
            raise OptionError("baseline_none")
        self._known = None
        if self._path is not None and not write:
            self._known = read_baseline(self._path)

    def judged(self, report: "CheckpointReport") -> "tuple[CheckpointReport, Gate]":
        from resnet_viz.diagnosis.checkpoint_gate import judged

        return judged(report, self._rules, self._known)

    def end(self, report: "CheckpointReport", gate: "Gate", text: Text) -> None:
        """Write the baseline if asked for; otherwise say the verdict, and exit if it is closed."""
        from resnet_viz.diagnosis.checkpoint_gate import write_baseline
        from resnet_viz.records import FailOn

        if self._write and self._path is not None:
            count = write_baseline(self._path, report.findings)
            typer.echo(text("gate.written", count=count, file=self._path), err=True)
            return
        if gate.fail_on is FailOn.NEVER:
            return
        names = [f"{f.check} {f.layer or ''}".strip() for f in gate.new]
        verdict = text(
            "gate.closed" if gate.closed else "gate.open",
            limit=text(f"severities.{gate.fail_on}"),
            count=len(gate.new),
            known=len(gate.known),
            silenced=gate.silenced,
            findings=", ".join(names),
        )
        typer.echo(verdict, err=True)
        if gate.closed:
            raise typer.Exit(REFUSED)


def _annotate(report: "CheckpointReport", gate: "Gate", file: str, text: Text) -> None:
    """Print annotations of everything that the baseline does not know."""
    from resnet_viz.report.github_annotations import annotations

    shown = [finding for finding in report.findings if finding not in gate.known]
    for line in annotations(shown, file, text):
        typer.echo(line)


def _write_layers(report: "CheckpointReport", path: Path) -> None:
    """Write the layers to a new file."""
    from resnet_viz.core.tables import csv_text

    try:
        with path.open("x", encoding="utf-8", newline="") as file:
            file.write(csv_text(report.layers_frame()))
    except FileExistsError as error:
        raise OutputError("file_exists", file=path.name) from error
    except OSError as error:
        raise OutputError("file_not_writable", file=path.name) from error


def _for_people(result: dict[str, object]) -> dict[str, object]:
    """The result without what is long: layers are in the CSV, the code in ``--code``."""
    return {key: value for key, value in result.items() if key not in ("layers", "code", "gate")}


def _second(
    first: "Identification", path: Path, copy: str, images: str | None, text: Text
) -> dict[str, object]:
    """Return the second checkpoint's report and the comparison of both."""
    from resnet_viz.core.converter import encode
    from resnet_viz.diagnosis.compare_checkpoints import compare_checkpoints
    from resnet_viz.diagnosis.diagnose import examine, identified

    second = identified(path, copy=copy)
    compared = compare_checkpoints(first, second, images)
    findings = [finding.contract(text) for finding in compared.findings]
    return {
        "second": _followed(examine(second, images, str(path)), text).contract(text),
        "beside": {**encode(compared), "findings": findings},
    }
