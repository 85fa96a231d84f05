"""Every registered experiment runs with small settings and reports in both languages."""

import json
from dataclasses import replace

import numpy as np
import pytest

from resnet_viz.checkpoints.sources.bundled import bundled_names
from resnet_viz.core.converter import decode, encode
from resnet_viz.core.errors import OptionError, OutputError
from resnet_viz.core.saving import to_json
from resnet_viz.core.text import LANGUAGES, Text
from resnet_viz.experiments.finding_files import caption, finding_verdict, python_line, save_finding
from resnet_viz.experiments.literature import PUBLISHED_NUMBERS, compared_numbers
from resnet_viz.experiments.registry import EXPERIMENTS, find_experiment, run_experiment
from resnet_viz.experiments.remarks import remarks
from resnet_viz.records import Finding

pytestmark = pytest.mark.skipif(
    not {"resnet20", "plain20"} <= set(bundled_names()), reason="no bundled twins"
)


@pytest.fixture(scope="module")
def records():
    """Every record of every experiment, run small, once."""
    return {n: list(row.run(row.settings(small=True))) for n, row in EXPERIMENTS.items()}


@pytest.fixture(scope="module")
def found(records):
    return {name: own[-1] for name, own in records.items()}


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_experiment_ends_with_panels_numbers_and_an_answer(name, found):
    result, row = found[name], EXPERIMENTS[name]
    assert result.experiment == name
    assert result.progress == 1
    assert result.panels
    assert result.answer in {*row.answers, None}
    assert row.expected in row.answers
    for panel in result.panels:
        for curve in panel.curves:
            assert len(curve.x) == len(curve.y) > 0
            assert not curve.y.flags.writeable
    assert len(result.to_frame())
    json.loads(to_json(encode(result)))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_sentences_are_filled_from_the_numbers(name, language, found):
    text = Text(language)
    assert "{" not in caption(found[name], text)
    assert finding_verdict(found[name], text)
    for key in ("title", "question", "claim", "refute"):
        assert text.has(f"experiment.{name}.{key}")
    for answer in EXPERIMENTS[name].answers:
        assert text.has(f"experiment.{name}.answer_{answer}")


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_axes_of_every_panel_have_words(name, found):
    for panel in found[name].panels:
        assert Text("en").has(f"experiments.panels.{name}.{panel.name}")
        if panel.matrix is None:
            assert Text("en").has(f"experiments.axes.{panel.x}")
        assert Text("en").has(f"experiments.axes.{panel.y}")


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_progress_never_goes_back(name, records):
    shares = [one.progress for one in records[name]]
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_the_line_of_python_repeats_the_finding(found):
    first = found["zero-means-identity"]
    again = eval(python_line(first), {"run_experiment": run_experiment})
    for one, other in zip(first.panels[0].curves, again.panels[0].curves, strict=True):
        assert np.array_equal(one.y, other.y)


def test_finding_is_saved_whole_and_never_over_another(found, tmp_path):
    save_finding(found["paths"], tmp_path / "out", Text("zh"))
    written = json.loads((tmp_path / "out" / "finding.json").read_text("utf-8"))
    assert written["numbers"] == pytest.approx(found["paths"].numbers)
    assert (tmp_path / "out" / "values.csv").read_text().startswith("panel,curve,point,x,y")
    with pytest.raises(OutputError):
        save_finding(found["paths"], tmp_path / "out", Text("en"))


@pytest.mark.parametrize(
    "settings",
    [{"images": "many"}, {"images": -1}, {"image": 3}, {"source": "imagenet"}, {"images": 10**9}],
    ids=str,
)
def test_a_setting_without_meaning_is_one_sentence(settings):
    with pytest.raises(OptionError):
        find_experiment("lesion").settings(settings)


def test_settings_are_read_from_text():
    config = find_experiment("shortcut-strength").settings({"strengths": "0,0.5", "steps": "3"})
    assert config.strengths == (0.0, 0.5)
    assert config.steps == 3


def test_an_unknown_experiment_names_close_ones():
    with pytest.raises(OptionError, match="lesion"):
        find_experiment("lesions")


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_a_finding_comes_back_from_its_json(name, found):
    whole = json.loads(to_json(encode(found[name])))
    again = decode(Finding, whole)
    assert json.loads(to_json(encode(again))) == whole
    assert again.settings.keys() == found[name].settings.keys()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_published_figures_have_words_and_stand_beside_real_numbers(name, language, found):
    for one in compared_numbers(found[name]):
        assert Text(language).has(f"experiment.{name}.figure_{one.published.what}")
        assert one.published.measured is None or one.published.measured in found[name].numbers
    assert all("{" not in sentence for sentence in remarks(found[name], Text(language)))
    assert set(PUBLISHED_NUMBERS) <= set(EXPERIMENTS)


def test_a_figure_outside_its_bar_is_said(found):
    wrong = replace(found["gradient-growth"], numbers={**found["gradient-growth"].numbers,
                                                       "plain_bn": 1.0})  # fmt: skip
    said = [s for s in remarks(wrong, Text("en")) if "disagree" in s]
    assert any("1.211" in s and "Measured 1," in s for s in said)


def test_figures_of_another_depth_are_not_compared(found):
    rows = {one.published.what: one for one in compared_numbers(found["lesion"])}
    assert rows["plain_median"].measured is None
    assert rows["plain_median"].agrees is None


def test_a_plain_network_near_chance_is_said_to_have_nothing_to_lose(found):
    weak = replace(found["lesion"], numbers={**found["lesion"].numbers, "plain_whole": 30.0})
    strong = replace(found["lesion"], numbers={**found["lesion"].numbers, "plain_whole": 80.0})
    room = Text("en")("experiment.lesion.room", whole="30.0", room="20.0", bar="40")
    assert room in remarks(weak, Text("en"))
    assert not [s for s in remarks(strong, Text("en")) if "above chance" in s]
