"""The first visit in a real browser."""

from playwright.sync_api import expect

from tests.browser.conftest import visit


def bytes_loaded(page):
    """Bytes over the wire of each answer, filled while the page loads."""
    sizes = []
    watch = page.context.new_cdp_session(page)
    watch.send("Network.enable")
    watch.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    return sizes


def test_a_new_visitor_pulls_the_slider_reads_a_word_and_goes_on(browser, server):
    with visit(browser, seen=False) as page:
        compare = page.locator(".st-key-compare_bar")
        loaded = bytes_loaded(page)
        page.goto(server)
        slider = page.get_by_role("slider", name="Strength of the shortcut")
        expect(slider).to_be_visible()
        assert 200_000 < sum(loaded) < 2_500_000
        drawing = page.locator("svg.block.wide").bounding_box()
        assert drawing["y"] + drawing["height"] < 500
        ends = page.locator(".end")
        whole = ends.all_inner_texts()
        slider.press("Home")
        expect(ends.last).not_to_have_text(whole[-1])
        assert "10⁻" in ends.nth(2).inner_text()
        expect(slider).to_have_attribute("aria-valuetext", "0.0")
        page.get_by_text("shortcut ×").first.hover()
        tip = page.get_by_role("tooltip").filter(has_text="carries x to the sum")
        expect(tip).to_be_visible()
        page.keyboard.press("Escape")
        expect(tip).to_be_hidden()
        page.get_by_role("button", name="Now with real networks").click()
        expect(compare).to_be_visible()
        page.wait_for_function("document.cookie.includes('resnet_viz_seen')")
        page.goto(server)  # a later visit
        expect(compare).to_be_visible()
        page.get_by_role("button", name="What is this?").click()
        expect(slider).to_be_visible()
        page.get_by_role("link", name="Compare").click()
        expect(compare).to_be_visible()
