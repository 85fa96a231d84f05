"""Compare in a real browser: cold start, upload, the stage, download, Chinese, deep link."""

import io
import json
import re
import zipfile
from urllib.parse import parse_qs, quote, urlparse

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import visit

OVERLAYS = "canvas[aria-label^='Grad-CAM of']"
STRIP = ".strip [data-layer='{layer}']"


def opened(page: Page, address: str) -> Page:
    page.goto(address)
    expect(page.locator(OVERLAYS)).to_have_count(2)
    expect(page.locator(".formula").first).to_contain_text("ReLU")
    settled(page)
    return page


def settled(page: Page) -> None:
    """Until the last rerun has been drawn."""
    page.wait_for_function("() => !document.querySelector('[data-test-script-state=\"running\"]')")
    expect(page.locator("[data-testid='stStatusWidget']")).to_have_count(0)


def sources(page: Page) -> list[str]:
    return [str(image.get_attribute("data-shown")) for image in page.locator(OVERLAYS).all()]


def both_changed(page: Page, before: list[str]) -> None:
    for number, source in enumerate(before):
        expect(page.locator(OVERLAYS).nth(number)).not_to_have_attribute("data-shown", source)


def picture(tmp_path):
    path = tmp_path / "mine.jpg"
    rows, columns = np.mgrid[0:300, 0:400]
    pixels = np.stack([columns % 256, rows % 256, (rows + columns) % 256], -1).astype(np.uint8)
    Image.fromarray(pixels).save(path, quality=95)
    return path


@pytest.fixture(scope="module")
def visitor(server, browser):
    """One visitor of the page as it opens, on whom several tests look; and what it asked for."""
    with visit(browser) as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        yield opened(page, server), asked


@pytest.fixture
def shown(visitor):
    page, _ = visitor
    settled(page)
    return page


def test_cold_start_shows_both_twins_without_a_click_or_another_server(server, visitor):
    page, asked = visitor
    own = (server, server.replace("http", "ws"), "data:", "blob:")
    assert [address for address in asked if not address.startswith(own)] == []
    expect(page.get_by_text("ResNet-20, trained on CIFAR-10").first).to_be_visible()
    expect(page.get_by_text("plain-20, trained on CIFAR-10").first).to_be_visible()
    expect(page.locator("[data-testid='stAlert']")).to_have_count(0)


def test_both_pictures_stand_high_and_whole(shown):
    page = shown
    page.set_viewport_size({"width": 1280, "height": 800})
    for number in (0, 1):
        box = page.locator(OVERLAYS).nth(number).bounding_box()
        assert box["y"] < 250
        assert box["y"] + box["height"] <= 800
        assert box["width"] >= 300
    expect(page.locator(".strip [data-layer]")).to_have_count(18)
    expect(page.locator(".strip .arc")).to_have_count(9)
    assert page.locator(".strip [aria-selected=true]").evaluate_all(
        "nodes => nodes.map((node) => node.dataset.own)"
    ) == 2 * ["layer3.2"]


def test_a_block_is_previewed_chosen_and_left_by_keys(shown):
    page = shown
    before = sources(page)
    page.locator(STRIP.format(layer="layer1.1")).first.hover()
    both_changed(page, before)
    assert "layer=" not in page.url
    page.locator(STRIP.format(layer="layer2.1")).first.click()
    expect(page.get_by_text("Grad-CAM for cat at layer2.1: up to").first).to_be_visible()
    expect(page.get_by_text("layer2.1, channel").first).to_be_visible()
    page.wait_for_url("**layer=layer2.1**")
    page.locator(".stage").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_text("Grad-CAM for cat at layer2.0: up to").first).to_be_visible()
    named = page.locator(".block .title").first.inner_text()
    page.keyboard.press("ArrowDown")
    page.wait_for_url("**rank=1**")
    expect(page.locator(".block .title").first).not_to_have_text(named)


def test_one_pixel_is_lit_everywhere_and_its_numbers_add_up(shown):
    page = shown
    page.locator(".photo").first.click(position={"x": 100, "y": 200})
    page.wait_for_url("**pixel=**")
    settled(page)
    lit = page.locator(".spotted:not(.empty) > .spot").evaluate_all(
        """spots => spots.map((spot) => {
          const own = spot.getBoundingClientRect();
          const frame = spot.parentElement.getBoundingClientRect();
          return [(own.x + own.width / 2 - frame.x) / frame.width,
                  (own.y + own.height / 2 - frame.y) / frame.height];
        })"""
    )
    assert len(lit) == 2 + 4 + 2  # the plain block has neither shortcut nor sum
    assert np.ptp(lit, axis=0).max() < 0.02
    chosen = parse_qs(urlparse(page.url).query)["pixel"][0]
    assert np.allclose(lit[0], [float(share) for share in chosen.split(",")], atol=0.02)
    told = page.locator(".formula").first.inner_text().replace("−", "-").replace("- ", "+ -")
    branch, shortcut, total = (
        float(part) for part in re.split(r" \+ | = ", told.partition(" →")[0])
    )
    assert branch + shortcut == pytest.approx(total, abs=0.0011)
    page.locator(".stage").focus()
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator(".formula").first).not_to_have_text(told)
    page.wait_for_function(f"() => !location.href.includes('{quote(chosen)}')")


def test_the_selection_survives_another_page(shown):
    page = shown
    settled(page)
    before = page.locator(".formula").first.inner_text(), sources(page)
    page.get_by_role("tab", name="Gradients").click()
    page.wait_for_url("**tab=gradients**")
    settled(page)
    page.get_by_role("link", name="Experiments").click()
    page.wait_for_url("**/Experiments**")
    page.get_by_role("link", name="Compare").click()
    expect(page.locator(OVERLAYS)).to_have_count(2)
    expect(page.locator(".formula").first).to_have_text(before[0])
    assert sources(page) == before[1]
    page.wait_for_url("**tab=gradients**")


def test_uploaded_picture_is_compared_and_a_bad_one_changes_nothing(shown, tmp_path):
    page = shown
    before = sources(page)
    page.locator("input[type=file]").set_input_files(picture(tmp_path))
    both_changed(page, before)
    good = sources(page)
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    page.locator("input[type=file]").set_input_files(bad)
    expect(page.locator("[data-testid='stAlert']")).to_have_count(1)
    settled(page)
    assert sources(page) == good


def test_download_is_a_whole_report(shown):
    page = shown
    with page.expect_download() as started:
        page.get_by_role("button", name="Download").click()
    archive = zipfile.ZipFile(io.BytesIO(started.value.path().read_bytes()))
    found = json.loads(archive.read("report.json"))
    assert found["residual"]["network"] == "resnet20"
    assert found["plain"]["weights"] == "bundled"
    assert archive.read("overlay_plain.png").startswith(b"\x89PNG")
    assert "Plotly.newPlot" in archive.read("report.html").decode()


def test_every_panel_draws_without_an_error(shown):
    page = shown
    for tab in ("Gradients", "Predictions", "What it saw", "Feature maps"):
        page.get_by_role("tab", name=tab).click()
        settled(page)
        expect(page.locator("[data-testid='stException']")).to_have_count(0)
        panel = page.get_by_role("tabpanel").locator("visible=true")
        expect(panel.locator("img, .js-plotly-plot").first).to_be_visible()
    enlarged = page.locator("img[alt$='enlarged']").first
    before = enlarged.get_attribute("alt")
    page.locator(".picture img[alt^='Feature maps']").first.click(position={"x": 150, "y": 150})
    expect(enlarged).not_to_have_attribute("alt", before)


def test_switch_to_chinese_changes_the_page_and_its_address(shown):
    """The last look at the shared page: it stays Chinese."""
    page = shown
    page.get_by_role("radio", name="中文").or_(page.get_by_role("button", name="中文")).click()
    expect(page.get_by_role("tab", name="特征图")).to_be_visible()
    expect(page.get_by_text("ResNet-20，在 CIFAR-10 上训练").first).to_be_visible()
    assert "lang=zh" in page.url


def test_deep_link_opens_the_same_picture_in_a_new_browser(server, page):
    opened(page, f"{server}/?network=resnet44&sample=deer&layer=layer1.2&target=truck&lang=en")
    expect(page.get_by_text("Grad-CAM for truck at layer1.2").first).to_be_visible()
    expect(page.get_by_text("plain-44, untrained, seed 0").first).to_be_visible()


def test_page_speaks_the_browser_s_language_and_fits_a_phone(server, browser):
    context = browser.new_context(locale="zh-CN", viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(f"{server}/?network=resnet20")
    expect(page.get_by_role("tab", name="特征图")).to_be_visible()
    expect(page.locator("canvas[data-shown]")).to_have_count(2)
    widths = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert widths[0] <= widths[1]
    left, right = (page.locator("canvas[data-shown]").nth(n).bounding_box() for n in (0, 1))
    assert left["y"] == right["y"]  # side by side
    assert left["x"] + left["width"] <= right["x"]
    chosen = page.locator(".strip [aria-selected=true]").first.bounding_box()
    assert 0 <= chosen["x"] <= 390 - chosen["width"]
    assert chosen["y"] > left["y"] + left["height"]
    assert page.locator(".controls").bounding_box()["y"] > left["y"]
    context.close()


def test_the_same_network_with_other_weights_stands_beside_it(page: Page, server: str) -> None:
    page.goto(f"{server}/?network=resnet20&beside=resnet20&weights_beside=random")
    shown = page.get_by_text(re.compile("ResNet-20, "))
    expect(shown.filter(has_text="trained on CIFAR-10").first).to_be_visible()
    expect(shown.filter(has_text="untrained, seed 0").first).to_be_visible()
    overlays = page.locator(OVERLAYS)
    expect(overlays).to_have_count(2)
    page.locator(".strip [data-layer='layer1.0']").last.click()
    for overlay in overlays.all():
        expect(overlay).to_have_attribute("data-layer", "layer1.0")


def test_networks_of_unequal_depth_are_marked_at_the_same_place(page: Page, server: str) -> None:
    """On the strips, and on the axis of the gradients, where layers stand by their share."""
    opened(page, f"{server}/?network=resnet20&beside=resnet56&layer=layer2.1&tab=gradients&lang=en")
    own = page.locator(".strip [aria-selected=true]").evaluate_all(
        "nodes => nodes.map((node) => node.dataset.own)"
    )
    assert own == ["layer2.1", "layer2.4"]
    expect(page.get_by_text("Grad-CAM for cat at layer2.4").first).to_be_visible()
    plot = page.locator(".js-plotly-plot").first
    expect(plot).to_be_visible()
    ends = plot.evaluate("plot => plot.data.map((curve) => [curve.x[0], curve.x.at(-1)])")
    assert ends[0] == ends[1]
