"""The presenter on a projector of 1280 x 720: keys turn panels, and nothing needs scrolling."""

import re

from playwright.sync_api import expect


def fits(page):
    return page.evaluate(
        """() => { const main = document.querySelector('[data-testid="stMain"]');
                   return main.scrollHeight <= main.clientHeight; }"""
    )


def test_question_and_figure_fit_a_projector_and_keys_turn_panels(page, server):
    page.set_viewport_size({"width": 1280, "height": 720})
    page.goto(f"{server}/Learn?lesson=two-by-two&present=1&lang=en")
    presenter = page.locator(".st-key-presenter")
    expect(presenter).to_contain_text("it explodes")
    expect(page.get_by_test_id("stSidebar")).to_be_hidden()
    assert fits(page)
    size = presenter.locator("p").first.evaluate("p => parseFloat(getComputedStyle(p).fontSize)")
    assert size >= 22  # pixels
    page.keyboard.press("r")
    expect(page).to_have_url(re.compile("panel=1"))
    expect(presenter.locator(".js-plotly-plot .xtitle")).to_be_visible()
    assert fits(page)
    page.keyboard.press("b")
    black = page.locator(".black")
    expect(black).to_be_visible()
    page.keyboard.press("ArrowLeft")
    expect(black).to_be_hidden()
    expect(page).not_to_have_url(re.compile("panel="))
    page.keyboard.press("l")
    expect(presenter).to_contain_text("爆炸")
