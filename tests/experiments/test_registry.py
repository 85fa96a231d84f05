"""Every registered experiment runs with small settings and reports in both languages."""

import json
from dataclasses import replace

import numpy as np
import pytest

from resnet_viz.checkpoints.sources.bundled_files import bundled_names
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
def test_experiment_ends_with_panels_and_the_numbers_that_decide(name, found):
    result, row = found[name], EXPERIMENTS[name]
    assert result.experiment == name
    assert result.progress == 1
    assert result.panels
    assert {row.expected, *row.agreeing} < set(row.answers)
    for statistic in row.verdict(result).statistics:
        assert statistic.bar.number in result.numbers
        assert statistic.low <= statistic.value <= statistic.high
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
        assert text.has(f"experiment.{name}.why_{answer}")


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_axes_of_every_panel_have_words(name, found):
    for panel in found[name].panels:
        assert Text("en").has(f"experiments.panels.{name}.{panel.name}")
        if panel.matrix is None:
            assert Text("en").has(f"experiments.axes.{panel.x}")
        assert Text("en").has(f"experiments.axes.{panel.y}")
        for zone in panel.zones:
            assert Text("en").has(f"experiments.zones.{zone.name}")


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
    assert (tmp_path / "out" / "values.csv").read_text().startswith("panel,curve,point,x,y,low")
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
        assert one.measured == found[name].numbers[one.published.measured]
    assert all("{" not in sentence for sentence in remarks(found[name], Text(language)))
    assert set(PUBLISHED_NUMBERS) <= set(EXPERIMENTS)


def test_a_figure_outside_its_bar_is_said(found):
    wrong = replace(found["gradient-growth"], numbers={**found["gradient-growth"].numbers,
                                                       "plain_bn": 1.0})  # fmt: skip
    said = [s for s in remarks(wrong, Text("en")) if "disagree" in s]
    assert any("1.211" in s and "Measured 1," in s for s in said)


def test_figures_of_another_depth_are_not_shown(found):
    assert not list(compared_numbers(found["lesion"]))
    deep = replace(found["lesion"], settings={**found["lesion"].settings, "depth": 56})
    assert {one.published.what for one in compared_numbers(deep)} >= {"plain_median"}


def test_a_shape_changing_block_is_an_exception_only_if_it_is_one(found):
    for least, most, word in ((9.0, 4.0, "is borne out"), (2.8, 7.7, "is not borne out")):
        numbers = {**found["lesion"].numbers, "shape_least": least, "keeps_most": most}
        said = remarks(replace(found["lesion"], numbers=numbers), Text("en"))
        assert any(word in sentence for sentence in said)


def test_what_does_not_follow_lambda_is_said(found):
    for monotone in (0.0, 1.0):
        numbers = {**found["shortcut-strength"].numbers, "monotone": monotone}
        said = " ".join(remarks(replace(found["shortcut-strength"], numbers=numbers), Text("en")))
        assert ("does not follow lambda" in said) == (not monotone)


def test_a_plain_network_near_chance_is_said_to_have_nothing_to_lose(found):
    weak = replace(found["lesion"], numbers={**found["lesion"].numbers, "plain_whole": 30.0})
    strong = replace(found["lesion"], numbers={**found["lesion"].numbers, "plain_whole": 80.0})
    room = Text("en")("experiment.lesion.room", whole="30.0", room="20.0", bar="40")
    assert room in remarks(weak, Text("en"))
    assert not [s for s in remarks(strong, Text("en")) if "above chance" in s]
