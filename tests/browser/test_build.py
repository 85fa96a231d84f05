"""Build in a real browser: a preset, an edit, both drawings, a download, and on to Compare."""

import subprocess
import sys

from playwright.sync_api import Page, expect

GRAPH = ".js-plotly-plot"


def opened(page: Page, address: str) -> Page:
    page.goto(address)
    page.get_by_role("link", name="Build").click()
    expect(page.get_by_role("heading", name="Build a residual network")).to_be_visible()
    expect(page.locator(GRAPH)).to_have_count(2)
    settled(page)
    return page


def settled(page: Page) -> None:
    """Until the last rerun has been drawn."""
    page.wait_for_timeout(300)
    page.wait_for_function("() => !document.querySelector('[data-test-script-state=\"running\"]')")


def choose(page: Page, family: str, name: str) -> None:
    """Click a card; the cards lie open until one has been chosen."""
    cards = page.get_by_text("Start from:")
    if not page.get_by_role("button", name=family).is_visible():
        cards.click()
    page.get_by_role("button", name=family).click()
    settled(page)
    card = page.locator("[data-testid='stVerticalBlock']").filter(
        has=page.get_by_text(name, exact=True)
    )
    card.get_by_role("button", name="Choose").last.click()
    settled(page)


def arcs(page: Page) -> list[str]:
    """The dash of every shortcut that is drawn."""
    return page.evaluate(
        "() => document.querySelector('.js-plotly-plot').layout.shapes"
        ".filter(s => s.type === 'path').map(s => s.line.dash)"
    )


def test_preset_edit_drawing_download_and_compare(server, page, tmp_path):
    opened(page, server)
    assert arcs(page) == ["solid", "dot", "solid", "dot", "solid"]
    choose(page, "ResNet, ImageNet", "ResNet-18")
    expect(page.get_by_text("ResNet-18: 18 weighted layers, 11,689,512 parameters")).to_be_visible()
    assert arcs(page).count("dash") == 3

    depths = page.get_by_role("textbox", name="Blocks of each stage")
    depths.fill("1, 1, 1, 5")
    depths.press("Enter")
    expect(page.get_by_text("ResNet-18: 18 weighted layers, 2")).to_be_visible()
    settled(page)
    texts = page.locator(f"{GRAPH} .annotation-text").all_text_contents()
    assert sum("layer4.1–4" in text for text in texts) == 2  # both networks

    page.get_by_role("tab", name="Take away").click()
    settled(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="PyTorch source").click()
    file = tmp_path / "network.py"
    download.value.save_as(file)
    done = subprocess.run(
        [sys.executable, "-I", str(file)], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.strip() == "torch.Size([1, 1000])"

    choose(page, "ResNet, small images", "ResNet-32")
    page.get_by_role("button", name="Open in Compare").click()
    expect(page.get_by_role("heading", name="Residual and plain, side by side")).to_be_visible()
    expect(page.get_by_text("ResNet-32").first).to_be_visible()
    assert "network=resnet32" in page.url


def test_a_click_on_a_box_opens_the_block(server, page):
    opened(page, server)
    box = page.locator(f"{GRAPH} .scatterlayer .point").nth(3)
    box.scroll_into_view_if_needed()
    place = box.bounding_box()
    page.mouse.move(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    page.wait_for_timeout(200)
    page.mouse.click(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    settled(page)
    expect(page.get_by_text("layer2.1.conv1 (Conv2d)")).to_be_visible()


def test_a_wrong_field_says_so_beside_it(server, page):
    opened(page, server)
    depths = page.get_by_role("textbox", name="Blocks of each stage")
    depths.fill("3, -3, 3")
    depths.press("Enter")
    expect(page.get_by_text("The field depths was [3, -3, 3]")).to_be_visible()
    expect(page.get_by_text("the last design that can be built")).to_be_visible()
    expect(page.locator(GRAPH)).to_have_count(2)
    assert page.locator("[data-testid='stException']").count() == 0


def test_a_narrow_screen_shows_everything_without_scrolling_sideways(server, page):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(server)
    expect(page.get_by_role("heading", name="Residual and plain, side by side")).to_be_visible()
    page.locator("[data-testid='stExpandSidebarButton']").click()
    page.get_by_role("link", name="Build").click()
    expect(page.locator(GRAPH)).to_have_count(2)
    settled(page)
    wide = page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0
