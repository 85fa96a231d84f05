"""Write the documentation's tables from checkpoints, recordings and benchmark results.

python -m scripts.recordings
"""

import json
from pathlib import Path
from statistics import median
from typing import Any

from resnet_viz.checkpoints.sources.bundled_files import (
    bundled_footing,
    bundled_metadata,
    bundled_names,
)
from resnet_viz.core.text import Text
from resnet_viz.experiments.finding_files import caption, changed_settings, finding_verdict
from resnet_viz.experiments.literature import ComparedNumber, compared_numbers
from resnet_viz.experiments.recordings import recordings_of
from resnet_viz.experiments.registry import EXPERIMENTS
from resnet_viz.experiments.remarks import published_label, remarks
from resnet_viz.records import Recording
from resnet_viz.spec.presets import PRESETS
from resnet_viz.training.class_demo import recorded_demo

ROOT = Path(__file__).resolve().parents[1]
START, END = "<!-- recorded by scripts/recordings.py -->", "<!-- end -->"


def twins() -> str:
    """One row per bundled network: how it was trained, what it reached, and how it is stored."""
    rows = [
        "| network | parameters | epochs | precision | train error % | test error % | stored as "
        "| float16 costs, points | device |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name in sorted(bundled_names(), key=lambda n: (PRESETS[n].depth, n.startswith("plain"))):
        footing, measured = bundled_footing(name), bundled_metadata(name)["footing"]
        if footing is None:
            raise SystemExit(f"{name}: its file does not say how it was trained.")
        rows.append(
            f"| {name} | {PRESETS[name].parameters:,} | {footing.epochs} "
            f"| {footing.recipe['precision']} | {100 * footing.train_error:.2f} "
            f"| {100 * footing.test_error:.2f} | {measured['weights']} "
            f"| {measured['float16_costs_points']:.2f} | {footing.device} |"
        )
    return "\n".join(rows)


def class_demo() -> str:
    """One row per network of the class demo: the spread of its errors over seeds and threads."""
    recording = recorded_demo()
    rows = ["| network | runs | train error % | test error % |", "| --- | --- | --- | --- |"]
    for depth in recording.depths:
        for kind, name in (("residual", "resnet"), ("plain", "plain")):
            errors = recording.of(depth, kind)
            train, test = [row.train_error for row in errors], [row.test_error for row in errors]
            rows.append(f"| {name}{depth} | {len(errors)} | {_spread(train)} | {_spread(test)} |")
    threads = sorted({row.threads for row in recording.errors})
    listed = " or ".join(map(str, threads))
    seeds = len({row.seed for row in recording.errors})
    return "\n".join(
        [*rows, "", f"Runs with seeds 0 to {seeds - 1}, and with {listed} threads for a network; "
         f"recorded {recording.recorded} ({recording.processor}, "
         f"PyTorch {recording.versions['torch']})."]
    )  # fmt: skip


def _spread(errors: list[float]) -> str:
    """Median, lowest and highest, in percent."""
    low, middle, high = (100 * error for error in (min(errors), median(errors), max(errors)))
    return f"{middle:.1f} ({low:.1f} to {high:.1f})"


def benchmarks() -> str:
    """One row per approach and network, and the latest results of the other benchmarks."""
    results = ROOT / "benchmarks" / "results"
    analysis = json.loads((results / "analysis.json").read_text(encoding="utf-8"))
    page = json.loads((results / "page.json").read_text(encoding="utf-8"))
    rows = [
        "| network | threads | approach | median ms | times the floor |",
        "| --- | --- | --- | --- | --- |",
    ]
    usual = analysis["machine"]["threads"]  # of rows that do not say
    rows += [
        f"| {row['network']} | {row.get('threads', usual)} | {row['approach']} "
        f"| {row['median_ms']:.1f} | {row['times_the_floor']:.2f} |"
        for row in analysis["rows"]
    ]
    low, _, high = page["quartiles_ms"]
    click = (
        f"A layer click on the Compare page ({page['network']}, {page['cores']} cores, headless "
        f"Chromium): median {page['median_ms']:.0f} ms, quartiles {low:.0f} and {high:.0f} ms."
    )
    speed = "\n\n".join(
        training_speed(json.loads(path.read_text(encoding="utf-8")))
        for path in sorted(results.glob("training*.json"))
    )
    building = json.loads((results / "building.json").read_text(encoding="utf-8"))
    built = (
        f"Building {building['network']}: {building['ours_ms']:.0f} ms, "
        f"{building['times_torchvision']:.2f} of torchvision's constructor."
    )
    explained = json.loads((results / "explain.json").read_text(encoding="utf-8"))
    costs = ["| network | what | ratio |", "| --- | --- | --- |"]
    costs += [
        f"| {row['network']} | {row['what']} | {row['ratio']:.2f} |" for row in explained["rows"]
    ]
    return "\n\n".join(["\n".join(rows), click, built, speed, "\n".join(costs)])


def training_speed(result: dict[str, Any]) -> str:
    """One sentence on a result of ``benchmarks.training``; with bf16, the ratio to float32."""
    times = result.get("times_as_fast_as_fp32")
    speed = f"{times:.2f} times as fast as in float32" if times else (
        f"{result['images_per_second']:.0f} images a second")  # fmt: skip
    return (
        f"Training ({result['network']}, {result['device']}, {result['threads']} thread, "
        f"{result['precision']}): {speed}, "
        f"{result['share_of_floor']:.2f} of a bare loop that measures nothing."
    )


def experiments() -> str:
    """The results of all recorded experiments, their times, and published numbers."""
    saved = [one for name in EXPERIMENTS for one in recordings_of(name)]
    return "\n\n".join([_results(saved), _times(saved), _published(saved)])


def _results(saved: list[Recording]) -> str:
    text = Text("en")
    rows, said = [], set()
    for one in saved:
        row, finding = EXPERIMENTS[one.finding.experiment], one.finding
        settings = changed_settings(row, finding.settings) or "usual settings"
        new = [s for s in remarks(finding, text) if s not in said]
        said.update(new)  # how the twins were trained is said once
        result = " ".join([caption(finding, text), finding_verdict(finding, text), *new])
        rows.append(f"- **{row.name}** ({settings}; {one.date[:10]}, seed {one.seed}): {result}")
    return "\n".join(rows)


def _times(saved: list[Recording]) -> str:
    """Processor time of the usual settings on one core, next to the duration on the card."""
    rows = ["| usual settings | cost | seconds |", "| --- | --- | --- |"]
    for one in saved:
        if one.name in EXPERIMENTS:
            cost = EXPERIMENTS[one.name].duration.value
            rows.append(f"| {one.name} | {cost} | {one.seconds:.0f} |")
    return "\n".join(rows)


def _published(saved: list[Recording]) -> str:
    """Every published number that was measured here, with the measurement."""
    text = Text("en")
    rows = ["| quantity | published | measured | source |", "| --- | --- | --- | --- |"]
    for name in EXPERIMENTS:
        beside: dict[str, ComparedNumber] = {}
        for one in (one for one in saved if one.finding.experiment == name):
            for number in compared_numbers(one.finding):
                beside.setdefault(published_label(name, number.published, text), number)
        rows += [
            f"| {what} | {one.published.value} | {one.measured:.3g} | {one.published.source} |"
            for what, one in beside.items()
        ]
    return "\n".join(rows)


PAGES = {
    ROOT / "docs" / "explanation" / "experiments.md": experiments,
    ROOT / "docs" / "explanation" / "trained-twins.md": twins,
    ROOT / "docs" / "explanation" / "class-demo.md": class_demo,
    ROOT / "benchmarks" / "README.md": benchmarks,
}


def recorded(page: Path) -> str:
    """Return the text of a page with its table replaced."""
    before, _, rest = page.read_text(encoding="utf-8").partition(START)
    _, _, after = rest.partition(END)
    return f"{before}{START}\n\n{PAGES[page]()}\n\n{END}{after}"


if __name__ == "__main__":
    for path in PAGES:
        path.write_text(recorded(path), encoding="utf-8")
