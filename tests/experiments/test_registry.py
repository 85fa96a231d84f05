"""Every registered experiment runs, small, and says in both languages what it found."""

import json

import numpy as np
import pytest

from resnet_viz.checkpoints.bundled import bundled_names
from resnet_viz.errors import OptionError, OutputError
from resnet_viz.experiments.registry import EXPERIMENTS, experiment, run_experiment
from resnet_viz.experiments.saved import caption, python_line, save_finding, verdict
from resnet_viz.saving import to_json
from resnet_viz.text import LANGUAGES, Text

pytestmark = pytest.mark.skipif(
    not {"resnet20", "plain20"} <= set(bundled_names()), reason="no bundled twins"
)


@pytest.fixture(scope="module")
def found():
    """Every experiment, run small, once."""
    return {name: run_experiment(name, small=True) for name in EXPERIMENTS}


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
    json.loads(to_json(result.to_dict()))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_sentences_are_filled_from_the_numbers(name, language, found):
    text = Text(language)
    assert "{" not in caption(found[name], text)
    assert verdict(found[name], text)
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
def test_progress_never_goes_back(name, found):
    if EXPERIMENTS[name].cost == "minute":
        pytest.skip("long")
    row = EXPERIMENTS[name]
    shares = [f.progress for f in row.run(row.settings(small=True))]
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
        experiment("lesion").settings(settings)


def test_settings_are_read_from_text():
    config = experiment("shortcut-strength").settings({"strengths": "0,0.5", "steps": "3"})
    assert config.strengths == (0.0, 0.5)
    assert config.steps == 3


def test_an_unknown_experiment_names_close_ones():
    with pytest.raises(OptionError, match="lesion"):
        experiment("lesions")
