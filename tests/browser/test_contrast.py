"""Contrast of every page, light and dark, measured by axe-core (WCAG 2.2, section 1.4.3)."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from resnet_viz.ui.frame.session import SEEN_COOKIE
from tests.source import ROOT

pytestmark = pytest.mark.slow  # a whole pass over the app

PAGES = ["", *(path.stem.split("_", 1)[1] for path in sorted((ROOT / "pages").glob("*.py")))]
OPTIONS = {"runOnly": ["color-contrast"], "resultTypes": ["violations"]}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_words_and_buttons_can_be_read(name, scheme, browser, server):
    context = browser.new_context(
        locale="en-US", viewport={"width": 1280, "height": 900}, color_scheme=scheme
    )
    context.add_cookies([{"name": SEEN_COOKIE, "value": "1", "url": server}])
    page = context.new_page()
    page.goto(f"{server}/{name}", timeout=120_000)
    expect(page.get_by_test_id("stMain")).to_be_visible()
    page.wait_for_timeout(1_000)
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)
    found = Axe().run(page, options=OPTIONS).response["violations"]
    nodes = [node for violation in found for node in violation["nodes"]]
    context.close()
    said = {node["html"][:120]: node["any"][0]["message"] for node in nodes}
    assert not said
