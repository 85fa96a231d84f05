"""The film of deletion and insertion shows what the network was given."""

import numpy as np
import pytest
import torch

from resnet_viz.checkpoints.load import load
from resnet_viz.checkpoints.ref import NetworkRef
from resnet_viz.core.text import Text
from resnet_viz.explain import measures
from resnet_viz.explain.explain_picture import ExplainRequest, explain_picture, scores_of
from resnet_viz.explain.measures import Effort
from resnet_viz.figures.deletion_film import (
    SHEET_SHARES,
    film_data,
    film_html,
    film_sheet,
    films_of,
)
from resnet_viz.pictures.preprocess import to_pixels
from resnet_viz.pictures.samples import sample_picture
from resnet_viz.records import Pair
from resnet_viz.spec import NetworkSpec

SPEC = NetworkSpec(depths=(1, 1), widths=(4, 4), classes=3)
EFFORT = Effort(steps=4)


@pytest.fixture(scope="module")
def loaded():
    return load(NetworkRef(SPEC))


@pytest.fixture(scope="module")
def explained(loaded):
    request = ExplainRequest(measures=("deletion", "insertion"), effort=EFFORT)
    return explain_picture(loaded, sample_picture("cat"), request)


@pytest.mark.parametrize("place", [0, 1], ids=["deletion", "insertion"])
def test_each_frame_is_the_image_that_was_measured(loaded, explained, monkeypatch, place):
    given = []

    def noted(scored, images):
        given.append(images.clone())
        return torch.zeros(len(images))

    film = films_of(explained)[place]
    monkeypatch.setattr(measures, "probabilities", noted)
    (score,) = scores_of(loaded, explained, film.name, EFFORT)
    assert len(given[0]) == len(score.fractions) == 4
    for image, share in zip(given[0], score.fractions, strict=True):
        pixels = to_pixels(image[None], loaded.preprocessing).astype(int)
        assert np.abs(pixels - film.frame(float(share))).max() <= 1


def test_deletion_ends_where_insertion_does_not_begin(explained):
    deletion, insertion = films_of(explained)
    np.testing.assert_array_equal(deletion.frame(0), explained.seen)
    np.testing.assert_array_equal(insertion.frame(1), explained.seen)
    assert np.ptp(deletion.frame(1).reshape(-1, 3), axis=0).max() == 0  # one colour
    assert np.ptp(insertion.frame(0).reshape(-1, 3), axis=0).max() > 10  # a blurred photograph


def test_the_browser_gets_a_frame_a_word_and_a_place_for_every_measured_point(explained):
    films = films_of(explained)
    data = film_data(films)
    assert data["shares"][0] == "0%"
    assert data["shares"][-1] == "100%"
    for film in data["films"]:
        assert len(film["said"]) == len(film["places"]) == len(data["shares"])
    html = film_html(Pair(films, films), Pair("<b>a</b>", "b"), Text("en"))
    assert html.count("background-image") == 4
    assert html.count("<polyline") == 4
    assert "<b>a</b>" not in html


def test_a_film_is_a_picture_too_and_missing_without_scores(explained, loaded):
    assert film_sheet(films_of(explained)).shape == (2 * 116, len(SHEET_SHARES) * 116, 3)
    unmeasured = explain_picture(loaded, sample_picture("cat"), ExplainRequest(measures=()))
    assert films_of(unmeasured) == []
