"""Measure what the first page shows, and write assets/recordings/pages/first-visit.json.

    python -m scripts.record_first_visit

Takes about a minute on one core; run it again whenever bundled weights change.
"""

import torch

from resnet_viz.core.converter import encode
from resnet_viz.core.saving import SCHEMA_VERSION, to_json, whole_file
from resnet_viz.experiments.measures.first_visit_measures import first_visit
from resnet_viz.records.first_visit import FIRST_VISIT_FILE


def main() -> None:
    """Measure and write."""
    torch.set_num_threads(1)  # the last digits depend on it
    recording = first_visit()
    with whole_file(FIRST_VISIT_FILE) as partial:
        document = {"schema_version": SCHEMA_VERSION, **encode(recording)}
        partial.write_text(to_json(document, indent=None) + "\n", encoding="utf-8")
    block, pair = recording.block, recording.pair
    print(block.block, "channel", block.channel, "accuracy", block.accuracy)
    print(pair)


if __name__ == "__main__":
    main()
