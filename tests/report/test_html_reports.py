"""No name inserts markup into an HTML report."""

from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from resnet_viz import diagnose
from resnet_viz.core.places import ASSETS
from resnet_viz.core.text import LANGUAGES, Text
from resnet_viz.records import Severity, WeightSource
from resnet_viz.report.comparison_files import report_files
from resnet_viz.report.diagnosis_report import diagnosis_page

HOSTILE = "</script></title></style>\"><img src=x onerror=alert(1)> {{ 7 * 6 }} & 'quoted'"


class Elements(HTMLParser):
    def __init__(self, document):
        super().__init__()
        self.tags, self.attributes, self.text = [], [], ""
        self.feed(document)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text += data


def check_is_inert(document, friendly):
    """The same elements as with friendly names, and the hostile name as text."""
    hostile = Elements(document)
    assert hostile.tags == Elements(friendly).tags
    assert not [name for name, _ in hostile.attributes if name.startswith("on")]
    assert "<img src=x" not in document
    assert HOSTILE in hostile.text


def comparison_page(comparison, language):
    return dict(report_files(comparison, None, Text(language)))["report.html"].decode()


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_in_a_comparison_are_text(comparison, language):
    sides = comparison.sides.map(
        lambda side: replace(
            side,
            source=WeightSource.FILE,
            weights=HOSTILE,
            classes=tuple(f"{HOSTILE} {number}" for number in range(len(side.classes))),
            path=f"/{HOSTILE}",
        )
    )
    hostile = replace(comparison, name=HOSTILE, sides=sides)
    check_is_inert(comparison_page(hostile, language), comparison_page(comparison, language))


def test_the_same_comparison_is_the_same_page(comparison):
    first, second = (comparison_page(comparison, "en") for _ in range(2))
    assert first == second
    assert 'id="plot-1"' in first


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("labelled")
    for number, label in enumerate(["cat", "dog", "cat", "dog"]):
        (folder / label).mkdir(exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 255, (32, 32, 3), np.uint8)
        Image.fromarray(pixels).save(folder / label / f"{number}.png")
    return diagnose(ASSETS / "checkpoints" / "plain20.safetensors", images=folder)


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_in_a_diagnosis_are_text(report, language):
    identified = replace(
        report.identified,
        training={**report.identified.training, HOSTILE: HOSTILE},
        class_names=(HOSTILE,) * len(report.identified.class_names),
        shortcut=HOSTILE,
        block=HOSTILE,
    )
    labelled = report.labelled
    labelled = replace(labelled, classes=(HOSTILE,) * len(labelled.classes), cam_layer=HOSTILE)
    findings = tuple(
        replace(f, layer=HOSTILE, words=tuple((word, HOSTILE) for word, _ in f.words))
        for f in report.findings
    )
    hostile = replace(
        report,
        name=HOSTILE,
        images=HOSTILE,
        identified=identified,
        labelled=labelled,
        findings=findings,
    )
    friendly = replace(
        report,
        identified=replace(identified, training={**report.identified.training, "name": "value"}),
        findings=tuple(replace(f, layer="conv1") for f in report.findings),
    )
    assert any(f.severity is not Severity.OK for f in report.findings)
    check_is_inert(
        diagnosis_page(hostile, Text(language)), diagnosis_page(friendly, Text(language))
    )
