"""Gradients and Experiments in a real browser: plots without a click, a guess, a stop, a phone."""

from playwright.sync_api import Browser, Page, expect


def opened(page: Page, address: str, name: str) -> Page:
    page.goto(address)
    page.get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
    return page


def test_gradients_draws_both_networks_and_presets_change_the_plot(page: Page, server: str) -> None:
    opened(page, server, "Gradients")
    plot = page.locator(".js-plotly-plot").first
    expect(plot.get_by_text("plain-56")).to_be_visible()
    expect(plot.get_by_text("theory, 1.211 per layer")).to_be_visible()
    page.get_by_role("button", name="Gradient vanishes").click()
    expect(page.locator(".js-plotly-plot").get_by_text("theory, 0.408 per layer")).to_be_visible()
    page.get_by_role("tab", name="Formulas").click()
    expect(page.get_by_text("Not exact here")).to_be_visible()
    page.locator(".picture img").first.click(position={"x": 3, "y": 3})
    expect(page.get_by_role("spinbutton", name="Row")).to_have_value("0")
    expect(page.get_by_role("spinbutton", name="Column")).to_have_value("0")
    expect(page.get_by_text("Equal to the last bit.")).to_be_visible()


def test_experiment_asks_first_and_then_shows(page: Page, server: str) -> None:
    opened(page, server, "Experiments")
    expect(page.locator(".finding-blurred").first).to_be_visible()
    expect(page.locator(".js-plotly-plot")).to_have_count(0)
    page.locator(".st-key-guess_layer-responses label:has(input)").first.click()
    expect(page.get_by_text("Recorded on 20").first).to_be_visible()
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    page.get_by_role("button", name="All experiments").click()
    expect(page.get_by_text("1 of 13 guessed")).to_be_visible()


def test_both_pages_speak_chinese_and_fit_a_phone(browser: Browser, server: str) -> None:
    context = browser.new_context(locale="zh-CN", viewport={"width": 390, "height": 800})
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{server}/Gradients?preset=healthy")
    expect(page.get_by_role("heading", name="梯度", exact=True)).to_be_visible()
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    page.goto(f"{server}/Experiments")
    expect(page.get_by_text("破碎的梯度").first).to_be_visible()
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390
    context.close()
