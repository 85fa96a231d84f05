"""A second residual network is never drawn in plain's colour or called plain."""

import csv
import io
import json
import re

import pytest

from resnet_viz import NetworkRef, Pair, compare, load_two
from resnet_viz.checkpoints.sources.bundled_files import bundled_footing
from resnet_viz.core.text import Text
from resnet_viz.explain.explain_picture import ExplainRequest, explain_picture, side_by_side
from resnet_viz.figures.comparison_drawing import (
    Quantity,
    full_titles,
    gradient_curves,
    short_titles,
)
from resnet_viz.figures.deletion_film import film_html, films_of
from resnet_viz.figures.footing_words import with_footing
from resnet_viz.figures.gradient_plot import gradient_figure
from resnet_viz.figures.stage_drawing import strip_rows
from resnet_viz.figures.strip import strip_svg
from resnet_viz.pictures.samples import sample_picture
from resnet_viz.report.comparison_code import python_lines
from resnet_viz.report.comparison_files import report_files
from resnet_viz.report.explanation_code import explanation_code
from resnet_viz.report.explanation_files import explanation_archive

EN = Text("en")
BLUE, ORANGE = "#2563eb", "#ea580c"
#: Plotly's own code, which every HTML report carries, knows all colour names and words.
PLOTLY = re.compile(r"<script[^>]*>/\*.*?</script>", re.S)


def called_plain(text):
    return re.search(r"\bplain\b|[_/\"]plain", text)


def pair_of(second):
    return load_two(NetworkRef.parse("resnet56"), NetworkRef.parse(second) if second else None)


@pytest.fixture(scope="module")
def two():
    """ResNet-56 and, second, ResNet-20."""
    return compare(pair_of("resnet20"), sample_picture("cat"))


@pytest.fixture(scope="module")
def twins():
    return compare(pair_of(None), sample_picture("cat"))


@pytest.fixture(scope="module")
def files(two):
    return dict(report_files(two, None, EN))


@pytest.fixture(scope="module")
def maps():
    request = ExplainRequest(measures=("deletion", "insertion"))
    return side_by_side(
        *pair_of("resnet20").map(lambda one: explain_picture(one, sample_picture("cat"), request))
    )


def test_gradient_figure_wears_neither_orange_nor_blue(two):
    for quantity in Quantity:
        figure = gradient_figure(
            gradient_curves(two, quantity, EN), quantity=quantity, score="logit", selected=None,
            text=EN,
        ).to_json()  # fmt: skip
        assert ORANGE not in figure
        assert BLUE not in figure
        assert not called_plain(figure)


def test_strip_of_two_networks_has_other_colours_than_that_of_twins(two, twins):
    strip, usual = (
        "".join(strip_svg(row, None, 900, EN) for row in strip_rows(c, "layer3.2", EN))
        for c in (two, twins)
    )
    assert ORANGE not in strip
    assert BLUE not in strip
    assert ORANGE in usual
    assert BLUE in usual


def test_report_names_first_and_second(files):
    pictures = {name for name in files if name.endswith(".png")} - {"seen.png"}
    assert {re.split(r"[_.]", name)[-2] for name in pictures} == {"first", "second"}
    document = json.loads(files["report.json"])
    assert {"first", "second"} <= set(document)
    assert not {"residual", "plain"} & set(document)
    for name in ("predictions.csv", "layers.csv", "grad_cam.csv"):
        rows = csv.DictReader(io.StringIO(files[name].decode()))
        assert {row["role"] for row in rows} == {"first", "second"}


def test_html_report_has_neither_orange_nor_the_word_plain(files):
    page = PLOTLY.sub("", files["report.html"].decode())
    assert len(page) < 2_000_000  # Plotly's code is out
    assert ORANGE not in page
    assert not called_plain(page)


def test_report_of_twins_keeps_its_names(twins):
    files = dict(report_files(twins, None, EN))
    assert {"overlay_residual.png", "overlay_plain.png", "features_plain.png"} <= set(files)
    document = json.loads(files["report.json"])
    assert document["residual"]["network"] == "resnet56"
    assert document["plain"]["network"] == "plain56"
    assert ORANGE in PLOTLY.sub("", files["report.html"].decode())


def test_printed_code_says_the_roles(two, twins, monkeypatch, capsys):
    from tests.source import ROOT

    monkeypatch.chdir(ROOT)
    for found, roles in ((two, ["first", "second"]), (twins, ["residual", "plain"])):
        exec(python_lines(found, "layer3.8"), {})
        assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == roles
    assert not called_plain(python_lines(two, "layer3.8"))


def test_explanations_of_two_networks_are_first_and_second(maps):
    import zipfile

    titles = maps.map(lambda one: one.origin.spec.name)
    assert ORANGE not in film_html(maps.map(films_of), titles, EN)
    assert not called_plain(explanation_code(maps))
    with zipfile.ZipFile(io.BytesIO(explanation_archive(maps))) as archive:
        assert {name.partition("/")[0] for name in archive.namelist()} == {"first", "second"}


def test_the_same_network_twice_has_two_titles():
    network = NetworkRef.parse("resnet20")
    found = compare(load_two(network, network), sample_picture("cat"))
    title = "ResNet-20, trained on CIFAR-10"
    assert short_titles(found, EN) == Pair(f"{title} (first)", f"{title} (second)")
    reached = with_footing(title, bundled_footing("resnet20"), EN)
    assert full_titles(found, EN) == Pair(f"{reached} (first)", f"{reached} (second)")
