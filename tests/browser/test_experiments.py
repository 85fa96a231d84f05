"""Experiments in a real browser: a fresh home without a network, background runs, and a phone."""

import os
import re
import time

import pytest
from playwright.sync_api import Page, Route, expect

from resnet_viz.core.text import Text
from resnet_viz.experiments.registry import EXPERIMENTS

HIGHEST = 300  # pixels above the result's picture, on a laptop
SECONDS = 3.0  # from the guess to the first plot of the result, where nothing else is running


@pytest.mark.slow
def test_a_fresh_home_without_network_reveals_every_experiment(page: Page, server: str) -> None:
    """One visit to all of them; the server has no way out either (see ``server``)."""
    text, foreign, took = Text("en"), list[str](), dict[str, float]()

    def cut(route: Route) -> None:
        if route.request.url.startswith(server):
            route.continue_()
        else:
            foreign.append(route.request.url)
            route.abort()

    page.route(re.compile("^http"), cut)
    page.goto(server)
    expect(page.locator(".js-plotly-plot").first).to_be_visible()  # the browser has its scripts now
    page.get_by_role("link", name="Experiments", exact=True).click()
    for name in EXPERIMENTS:
        begun = time.monotonic()
        page.locator(f".st-key-guess_{name} label:has(input)").first.click()
        picture = page.locator(".st-key-drawn .main-svg").first
        expect(picture).to_be_visible()
        took[name] = time.monotonic() - begun
        assert picture.bounding_box()["y"] < HIGHEST, name
        expect(page.get_by_text("Recorded on 20").first).to_be_visible()
        expect(page.locator("[data-testid='stAlertContentError']")).to_have_count(0)
        page.get_by_role("button", name=text("experiments.back")).click()
        expect(page.locator(f".st-key-open_{name}")).to_be_visible()
    assert len(took) == 13
    busy = max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))  # others use the same cores
    assert max(took.values()) < SECONDS * busy, took
    assert not foreign


@pytest.mark.slow
def test_a_long_experiment_can_be_stopped(page: Page, server: str) -> None:
    page.goto(f"{server}/Experiments?experiment=degradation&guesses=degradation.rises")
    page.get_by_text("Measure it here").click()
    page.get_by_role("button", name="Measure", exact=True).click()
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_text("Stopped at")).to_be_visible(timeout=120_000)


@pytest.mark.slow
def test_a_recording_is_repeated_in_the_background(page: Page, server: str) -> None:
    name = "zero-means-identity"
    page.goto(f"{server}/Experiments?experiment={name}&guesses={name}.residual")
    expect(page.get_by_text("Recorded on 20").first).to_be_visible()
    page.get_by_text("Measure it here").click()
    page.get_by_role("button", name="Start as a background run").click()
    page.get_by_role("button", name="Delete").click(timeout=120_000)
    expect(page.get_by_text("Recorded on 20").first).to_be_visible()
