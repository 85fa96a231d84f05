"""A visitor's own picture stays while its tab lives, whatever the shared results have room for."""

import types

import pytest

from resnet_viz.core.places import ASSETS
from resnet_viz.pictures.decode import open_picture
from resnet_viz.ui.choose.picture_choice import _MOST_KEPT, PictureId, find_picture, use_picture
from resnet_viz.ui.frame.engines import results
from resnet_viz.ui.frame.session import OWN_FILES, OWN_PICTURE

SAMPLES = sorted((ASSETS / "samples").glob("*.jpg"))[:4]


@pytest.fixture(autouse=True)
def tab(monkeypatch):
    one = types.SimpleNamespace(session_state={}, query_params={})
    monkeypatch.setattr("resnet_viz.ui.frame.session.st", one)
    return one


def used(path):
    use_picture(open_picture(path.read_bytes(), path.name))
    return OWN_PICTURE.get()


def test_a_picture_without_room_in_the_results_is_read_again():
    place = used(SAMPLES[0])
    before = find_picture(place)
    results().forget(("picture", place))
    again = find_picture(place)
    assert again == before
    assert (again.pixels == before.pixels).all()
    assert results().result(("picture", place)) is again


def test_another_tab_does_not_hold_it_and_says_that_it_is_gone(tab):
    place = used(SAMPLES[0])
    results().forget(("picture", place))
    tab.session_state = {}
    assert find_picture(place) is None


def test_a_tab_keeps_two_pictures_of_bounded_size():
    places = [used(path) for path in SAMPLES]
    assert list(OWN_FILES.get()) == [place.digest for place in places[-2:]]
    kept = [content for _, content in OWN_FILES.get().values()]
    assert all(len(content) <= 4 * _MOST_KEPT for content in kept)
    assert find_picture(PictureId(digest="nothing")) is None
