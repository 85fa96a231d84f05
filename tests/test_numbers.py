"""Numbers that people read have one format, wherever they are written."""

import ast
import re

import pytest

from resnet_viz.core.text import LANGUAGES, Text
from resnet_viz.experiments.recordings import recordings_of
from resnet_viz.experiments.registry import EXPERIMENTS
from resnet_viz.experiments.remarks import remarks, words_of
from resnet_viz.experiments.verdict_sentences import statistic_rows
from tests.source import modules, tree

#: Code for people to run, settings that were typed in, and axes from -1 to 1.
RAW = {
    "resnet_viz.networks.export.source",
    "resnet_viz.records.footing",
    "resnet_viz.training.run_title",
    "resnet_viz.figures.labelled_plots",
    "resnet_viz.figures.finding_matrices",
    "resnet_viz.experiments.shortcut_strength",
    "resnet_viz.experiments.measures.first_visit_measures",
    "resnet_viz.core.number_format",
    "resnet_viz.lessons.paper.notebook",  # code
    "resnet_viz.lessons.paper.quiz",  # read by programs
    "resnet_viz.ui.gradients.pixel_panel",  # typeset
}
PROGRAMMERS = re.compile(r"\\de[+-]?\\d")


def test_no_number_is_written_with_a_format_of_its_own():
    """``:g`` and ``:e`` write 2.0e+07; ``core.number_format.readable`` does not."""
    own = [
        (name, node.lineno)
        for name, path in modules().items()
        if name not in RAW
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FormattedValue)
        and node.format_spec is not None
        and ast.unparse(node.format_spec).rstrip("'\"")[-1:] in {"g", "e", "G", "E"}
    ]
    assert not own


def test_no_plot_writes_numbers_under_the_pointer_in_a_format_of_its_own():
    own = [
        (name, node.lineno)
        for name, path in modules().items()
        if name not in RAW and name.startswith("resnet_viz.figures")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.search(r"%\{\w+:[^}]*[ge]\}", node.value)
    ]
    assert not own


@pytest.mark.parametrize("row", EXPERIMENTS.values(), ids=lambda row: row.name)
def test_what_is_said_of_a_recording_has_no_number_of_programmers(row):
    for recording in recordings_of(row.name):
        for language in LANGUAGES:
            text, finding = Text(language), recording.finding
            rows = statistic_rows(row, row.verdict(finding), text)
            said = [*remarks(finding, text), *words_of(finding).values()]
            said += [cell for one in rows for cell in one.values()]
            for sentence in said:
                assert not PROGRAMMERS.search(sentence), sentence
