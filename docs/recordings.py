"""Writes the tables of docs/training.md from the metadata of the bundled checkpoints.

python -m docs.recordings
"""

from pathlib import Path

from resnet_viz.checkpoints.bundled import bundled_names, load_bundled

PAGE = Path(__file__).with_name("training.md")
START, END = "<!-- recorded by docs/recordings.py -->", "<!-- end -->"


def table() -> str:
    """One row a network: its last epoch, as recorded while it was trained."""
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


def recorded(page: str) -> str:
    """The page with its table written anew."""
    before, _, rest = page.partition(START)
    _, _, after = rest.partition(END)
    return f"{before}{START}\n\n{table()}\n\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(recorded(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
