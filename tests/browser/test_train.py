"""Train in a real browser: start, watch from two tabs, stop, resume; Chinese, and a phone."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect


def train_page(page: Page, address: str) -> Page:
    page.goto(address)
    page.get_by_role("link", name="Train", exact=True).click()
    expect(page.get_by_role("button", name="Start training")).to_be_visible()
    return page


def test_two_tabs_watch_one_run_and_either_can_stop_it(browser: Browser, server: str) -> None:
    first = train_page(browser.new_context(locale="en-US").new_page(), server)
    first.get_by_role("button", name="Start training").click()
    expect(first.get_by_text(re.compile(r"Epoch \d of 8"))).to_be_visible()
    second = train_page(browser.new_context(locale="en-US").new_page(), server)
    expect(second.locator("[data-testid='stDataFrame']").last).to_be_visible()
    expect(second.get_by_text(re.compile(r"Epoch \d of 8"))).to_be_visible()
    expect(second.locator(".js-plotly-plot")).to_have_count(2)
    second.get_by_role("button", name="Stop").click()
    for page in (first, second):
        expect(page.get_by_text("Stopped; it can be resumed")).to_be_visible()
    first.get_by_role("button", name="Resume").click()
    expect(first.get_by_text(re.compile(r"Epoch \d of 8"))).to_be_visible(timeout=120_000)
    first.get_by_role("button", name="Stop").click()
    first.context.close()
    second.context.close()


@pytest.mark.slow
def test_train_speaks_chinese_and_fits_a_phone(browser: Browser, server: str) -> None:
    context = browser.new_context(locale="zh-CN", viewport={"width": 390, "height": 800})
    page = context.new_page()
    page.goto(f"{server}/Train")
    expect(page.get_by_role("button", name="开始训练")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()
