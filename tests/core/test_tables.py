"""Tables that go to a spreadsheet."""

import io

import pandas as pd

from resnet_viz.core.tables import csv_text


def test_cells_and_heads_of_strangers_are_no_formulas():
    formulas = ["=1+1", "+cmd", "-cmd", "@sum", "\t=1", "plain", "-0.5", ""]
    frame = pd.DataFrame({"=head": formulas, "value": [-1.5] * 8, "n": range(8)})
    read = pd.read_csv(io.StringIO(csv_text(frame)), dtype=str, keep_default_na=False)
    assert list(read["'=head"]) == [
        "'=1+1",
        "'+cmd",
        "'-cmd",
        "'@sum",
        "'\t=1",
        "plain",
        "-0.5",
        "",
    ]
    assert list(read["value"]) == ["-1.5"] * 8
    assert list(read["n"]) == [str(n) for n in range(8)]
