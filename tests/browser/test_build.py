"""Build in a real browser: a preset, an edit, both drawings, a download, the link to Compare."""

import subprocess
import sys

import pytest
from playwright.sync_api import Page, expect

GRAPH = ".js-plotly-plot"


def opened(page: Page, address: str) -> Page:
    page.goto(address)
    page.get_by_role("link", name="Build").click()
    expect(page.get_by_text("20 weighted layers")).to_be_visible()
    expect(page.locator(GRAPH)).to_have_count(2)
    settled(page)
    return page


def settled(page: Page) -> None:
    """Until the last rerun has been drawn."""
    page.wait_for_timeout(300)
    page.wait_for_function("() => !document.querySelector('[data-test-script-state=\"running\"]')")


def choose(page: Page, family: str, name: str) -> None:
    """Click a card of a family."""
    page.get_by_role("radio", name=family).click()
    page.locator(f".st-key-card_{name} button:visible").first.click()
    settled(page)


def arcs(page: Page) -> list[str]:
    """The dash of every shortcut that is drawn."""
    return page.evaluate(
        "() => document.querySelector('.js-plotly-plot').layout.shapes"
        ".filter(s => s.type === 'path').map(s => s.line.dash)"
    )


def test_preset_edit_drawing_download_and_compare(server, page, tmp_path):
    opened(page, server)
    assert arcs(page).count("dot") == 2
    choose(page, "Wide and ResNeXt", "wrn-40-4")
    expect(page.get_by_text("WRN-40-4: 40 weighted layers, 8,949,210 parameters")).to_be_visible()
    assert arcs(page).count("dash") == 3

    depths = page.get_by_role("textbox", name="Blocks of each stage")
    depths.fill("1, -1, 3")
    depths.press("Enter")
    expect(page.get_by_text("The field depths was [1, -1, 3]")).to_be_visible()
    depths.fill("1, 1, 3")
    depths.press("Enter")
    expect(
        page.get_by_text("ResNet of 1-1-3 blocks, 64–256 channels: 12 weighted layers, 3,560,154")
    ).to_be_visible()
    settled(page)
    texts = page.locator(f"{GRAPH} .annotation-text").all_text_contents()
    assert sum("layer3.1–2" in text for text in texts) == 2  # both networks
    expect(page.get_by_text("The field depths was")).to_have_count(0)
    open_the_block(page)

    page.get_by_role("tab", name="Export").click()
    settled(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="PyTorch source").click()
    file = tmp_path / "network.py"
    download.value.save_as(file)
    done = subprocess.run(
        [sys.executable, "-I", str(file)], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.strip() == "torch.Size([1, 10])"

    page.get_by_role("button", name="Open in Compare").click()
    expect(page.locator("canvas[data-shown]")).to_have_count(2)
    expect(
        page.get_by_text("ResNet of 1-1-3 blocks, 64–256 channels, untrained, seed 0").first
    ).to_be_visible()
    assert "network=design-" in page.url


def open_the_block(page: Page) -> None:
    """Click the box of the last stage; its first layer is told about."""
    box = page.locator(f"{GRAPH} .scatterlayer .point").nth(4)
    box.scroll_into_view_if_needed()
    place = box.bounding_box()
    page.mouse.move(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    page.wait_for_timeout(200)
    page.mouse.click(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    settled(page)
    expect(page.get_by_text("layer3.1.bn1 (BatchNorm2d)")).to_be_visible()


@pytest.mark.slow
def test_a_narrow_screen_shows_everything_without_scrolling_sideways(server, page):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{server}/Build")
    expect(page.locator(GRAPH)).to_have_count(2)
    settled(page)
    wide = "() => document.documentElement.scrollWidth - window.innerWidth"
    assert page.evaluate(wide) <= 0
    choose(page, "Other networks", "alexnet")
    expect(page.get_by_text("AlexNet: 8 weighted layers")).to_be_visible()
    settled(page)
    assert page.evaluate(wide) <= 0
