"""The first page's figure is made of the recording, and says what the recording says."""

import json
import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from resnet_viz.core.converter import decode, encode
from resnet_viz.core.number_format import percent, readable
from resnet_viz.core.text import LANGUAGES, Text, sentences
from resnet_viz.figures.block_drawing import sum_and_output
from resnet_viz.figures.first_visit_drawing import facts, first_visit_html, first_visit_states
from resnet_viz.records.first_visit import FirstVisit, recorded_first_visit

VISIT = recorded_first_visit()


def test_the_recording_survives_a_round_trip():
    again = decode(FirstVisit, json.loads(json.dumps(encode(VISIT))))
    assert encode(again) == encode(VISIT)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_figure_is_well_formed_and_its_terms_are_in_the_glossary(language):
    block, bars = first_visit_html(VISIT, "<kitten>", Text(language))
    tree = ElementTree.fromstring(f"<div>{block}{bars}</div>")
    terms = {one.attrib["data-term"] for one in tree.iter() if "data-term" in one.attrib}
    assert {f"glossary.{term}" for term in terms} <= set(sentences(language))
    parts = [one.attrib["data-part"] for one in tree.iter() if "data-part" in one.attrib]
    assert {name: parts.count(name) for name in ("arc", "strength", "sum", "output")} == (
        dict.fromkeys(("arc", "strength", "sum", "output"), 2)  # wide and narrow
    )
    rows = [one for one in tree.iter() if one.attrib.get("class") == "cells"]
    assert [len(row) for row in rows] == [1 + (s.depth - 2) // 2 for s in VISIT.depths] * 2


def test_each_state_holds_the_measured_values():
    text = Text("en")
    for at, state in enumerate(first_visit_states(VISIT, "kitten", text)):
        ends = [readable(series.signal[at][-1], 2) for series in VISIT.depths]
        ends += [readable(series.gradient[at][0], 2) for series in VISIT.depths]
        assert state["ends"] == [f"× {end}" for end in ends]
        assert percent(VISIT.block.accuracy[at]) in state["said"]
        assert VISIT.block.answers[at] in state["said"]
        assert (state["sum"], state["output"]) == (
            sum_and_output(VISIT.block, VISIT.block.strengths[at])
        )


def test_without_shortcuts_the_sum_is_the_branch_and_the_way_is_dark():
    first, *_, last = first_visit_states(VISIT, "kitten", Text("en"))
    np.testing.assert_array_equal(VISIT.block.joined(0), VISIT.block.branch)
    for dark, bright in zip(first["cells"], last["cells"], strict=True):
        assert min(dark) == 0.05
        assert min(bright) > 0.9
    assert first["colour"] != last["colour"]


def test_the_facts_name_the_numbers_and_only_pairs_that_were_trained_alike():
    told = facts(VISIT, Text("en"))
    deep = VISIT.depths[-1]
    assert readable(deep.signal[0][-1], 2) in told
    assert (VISIT.pair is not None) == ("Trained alike" in told)
    alone = facts(replace(VISIT, pair=None), Text("en"))
    assert "Trained alike" not in alone
    assert not re.search(r"\de[+-]", told)
