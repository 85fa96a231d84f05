"""Writes the tables of the documentation from recordings: checkpoints and benchmark results.

python -m docs.recordings
"""

import json
from pathlib import Path

from resnet_viz.checkpoints.bundled import bundled_names, load_bundled

ROOT = Path(__file__).resolve().parents[1]
START, END = "<!-- recorded by docs/recordings.py -->", "<!-- end -->"


def twins() -> str:
    """One row a trained network: its last epoch, as recorded while it was trained."""
    rows = [
        "| network | parameters | epochs | train error % | test error % | device |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name in sorted(bundled_names(), reverse=True):
        loaded = load_bundled(name)
        last = loaded.training["curve"][-1]
        parameters = sum(p.numel() for p in loaded.network.parameters())
        rows.append(
            f"| {name} | {parameters:,} | {last['epoch']} | {100 * last['train_error']:.2f} "
            f"| {100 * last['test_error']:.2f} | {loaded.training['training']['device']} |"
        )
    return "\n".join(rows)


def benchmarks() -> str:
    """One row an approach and network, the page's clicks and training, as last measured."""
    results = ROOT / "benchmarks" / "results"
    analysis = json.loads((results / "analysis.json").read_text(encoding="utf-8"))
    page = json.loads((results / "page.json").read_text(encoding="utf-8"))
    rows = ["| network | approach | median ms | times the floor |", "| --- | --- | --- | --- |"]
    rows += [
        f"| {row['network']} | {row['approach']} | {row['median_ms']:.1f} "
        f"| {row['times_the_floor']:.2f} |"
        for row in analysis["rows"]
    ]
    low, _, high = page["quartiles_ms"]
    click = (
        f"A layer click on the Compare page ({page['network']}, {page['cores']} cores, headless "
        f"Chromium): median {page['median_ms']:.0f} ms, quartiles {low:.0f} and {high:.0f} ms."
    )
    training = json.loads((results / "training.json").read_text(encoding="utf-8"))
    speed = (
        f"Training ({training['network']}, {training['device']}, {training['threads']} thread, "
        f"{training['precision']}): {training['images_per_second']:.0f} images a second, "
        f"{training['share_of_floor']:.2f} of a bare loop that measures nothing."
    )
    building = json.loads((results / "building.json").read_text(encoding="utf-8"))
    built = (
        f"Building {building['network']}: {building['ours_ms']:.0f} ms, "
        f"{building['times_torchvision']:.2f} of torchvision's constructor."
    )
    return "\n\n".join(["\n".join(rows), click, built, speed])


PAGES = {
    ROOT / "docs" / "training.md": twins,
    ROOT / "benchmarks" / "README.md": benchmarks,
}


def recorded(page: Path) -> str:
    """The text of a page with its table written anew."""
    before, _, rest = page.read_text(encoding="utf-8").partition(START)
    _, _, after = rest.partition(END)
    return f"{before}{START}\n\n{PAGES[page]()}\n\n{END}{after}"


if __name__ == "__main__":
    for path in PAGES:
        path.write_text(recorded(path), encoding="utf-8")
