"""Explain in a real browser: the wall, one method with its film, the files, Chinese."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from resnet_viz.core.places import ASSETS

MAPS = "img[alt^='Map of']"
TILES = ".drawing button[data-pick]"


def opened(page: Page, server: str) -> None:
    page.goto(server)
    page.get_by_role("link", name="Explain").click()
    expect(page.locator(f"{TILES} img").first).to_be_visible()


def settled(page: Page) -> None:
    page.wait_for_function("() => !document.querySelector('[data-test-script-state=\"running\"]')")
    expect(page.locator("[data-testid='stStatusWidget']")).to_have_count(0)


def test_a_tile_of_the_wall_opens_the_film_is_scrubbed_and_the_files_are_whole(
    page: Page, server: str
) -> None:
    opened(page, server)
    expect(page.locator(TILES)).to_have_count(50)
    tile = page.locator(TILES).first.bounding_box()
    assert tile is not None
    assert tile["y"] < 250  # as the window is 1280 x 800
    page.locator("button[data-pick='deep-lift']").first.click()
    expect(page.locator(MAPS)).to_have_count(2)
    assert "method=deep-lift" in page.url
    slider = page.locator(".drawing input[type=range]")
    said = page.locator(".drawing .frames b").first
    before = said.text_content()
    slider.focus()
    for _ in range(6):
        slider.press("ArrowRight")
    expect(said).not_to_have_text(str(before))
    assert float(page.locator(".drawing circle").first.get_attribute("cx") or 0) > 100
    settled(page)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download maps and scores").click()
    archive = zipfile.ZipFile(io.BytesIO(waiting.value.path().read_bytes()))
    for kind in ("residual", "plain"):
        manifest = json.loads(archive.read(f"{kind}/manifest.json"))
        raw = np.load(io.BytesIO(archive.read(f"{kind}/map.npz")))
        overlay = Image.open(io.BytesIO(archive.read(f"{kind}/overlay.png")))
        film = Image.open(io.BytesIO(archive.read(f"{kind}/film.png")))
        assert list(raw["map"].shape) == manifest["map"]["shape"]
        assert manifest["faithfulness"].keys() >= {"deletion", "insertion"}
        assert manifest["film"]["rows"] == ["deletion", "insertion"]
        assert overlay.size == (400, 400)
        assert film.height == 2 * 116
    page.get_by_role("radio", name="中文").click()
    expect(page.get_by_text("为什么是")).to_be_visible()
    page.get_by_role("button", name="所有方法").click()
    expect(page.locator(TILES)).to_have_count(50)


@pytest.mark.slow
def test_uploaded_pictures_become_a_table_and_a_row_the_page_s_picture(
    page: Page, server: str, tmp_path: Path
) -> None:
    content = (ASSETS / "samples" / "automobile.jpg").read_bytes()
    with zipfile.ZipFile(tmp_path / "pictures.zip", "w") as archive:
        archive.writestr("automobile/one.jpg", content)
        archive.writestr("notes.txt", b"no picture")
    opened(page, server)
    page.locator("button[data-pick='grad-cam']").first.click()
    expect(page.locator(MAPS)).to_have_count(2)
    settled(page)
    page.get_by_text("Many pictures", exact=True).click()
    expect(page.get_by_text("Pictures, or one ZIP of them")).to_be_visible()
    page.locator("input[type=file]").last.set_input_files(tmp_path / "pictures.zip")
    page.get_by_role("button", name="Explain these pictures").click()
    expect(page.get_by_text("Finished")).to_be_visible()
    expect(page.get_by_text("Skipped because they cannot be read: 1")).to_be_visible()
    before = page.locator(MAPS).first.get_attribute("src")
    table = page.get_by_test_id("stDataFrame").first
    table.scroll_into_view_if_needed()
    box = table.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 16, box["y"] + 54)  # the mark of the first row
    expect(page.locator(MAPS).first).not_to_have_attribute("src", str(before))
