"""Explain in a real browser: from Compare by the link, another method, the files, Chinese."""

import io
import json
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from resnet_viz.core.places import ASSETS

MAPS = "img[alt^='Map of']"


def opened(page: Page, server: str) -> None:
    page.goto(server)
    page.get_by_role("link", name="Explain").click()
    expect(page.locator(MAPS)).to_have_count(2)
    expect(page.locator(".js-plotly-plot").first).to_be_visible()


def settled(page: Page) -> None:
    page.wait_for_function("() => !document.querySelector('[data-test-script-state=\"running\"]')")
    expect(page.locator("[data-testid='stStatusWidget']")).to_have_count(0)


def choose(page: Page, label: str, option: str) -> None:
    box = page.get_by_role("combobox", name=re.compile(label)).first
    box.click()
    box.fill(option)
    page.get_by_role("option", name=option, exact=True).click()


def test_a_method_is_drawn_taken_away_shown_at_all_blocks_and_in_chinese(
    page: Page, server: str
) -> None:
    opened(page, server)
    settled(page)
    before = page.locator(MAPS).first.get_attribute("src")
    choose(page, "Method", "DeepLift")
    expect(page.locator(MAPS).first).not_to_have_attribute("src", str(before))
    expect(page.get_by_text("Sum of all attributions").first).to_be_visible()
    assert "method=deep-lift" in page.url
    settled(page)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download maps and scores").click()
    archive = zipfile.ZipFile(io.BytesIO(waiting.value.path().read_bytes()))
    for kind in ("residual", "plain"):
        manifest = json.loads(archive.read(f"{kind}/manifest.json"))
        raw = np.load(io.BytesIO(archive.read(f"{kind}/map.npz")))
        overlay = Image.open(io.BytesIO(archive.read(f"{kind}/overlay.png")))
        assert list(raw["map"].shape) == manifest["map"]["shape"]
        assert manifest["faithfulness"].keys() >= {"deletion", "insertion"}
        assert overlay.size == (400, 400)
    choose(page, "Method", "Grad-CAM")
    page.get_by_text("All blocks").last.click()
    expect(page.locator(MAPS)).to_have_count(4)
    page.get_by_role("radio", name="中文").click()
    expect(page.get_by_role("heading", name="解释一次预测")).to_be_visible()
    expect(page.get_by_text("忠实度", exact=True)).to_be_visible()


@pytest.mark.slow
def test_uploaded_pictures_become_a_table_and_a_row_the_page_s_picture(
    page: Page, server: str, tmp_path: Path
) -> None:
    content = (ASSETS / "samples" / "automobile.jpg").read_bytes()
    with zipfile.ZipFile(tmp_path / "pictures.zip", "w") as archive:
        archive.writestr("automobile/one.jpg", content)
        archive.writestr("notes.txt", b"no picture")
    opened(page, server)
    settled(page)
    page.get_by_text("Many pictures", exact=True).click()
    expect(page.get_by_text("Pictures, or one ZIP of them")).to_be_visible()
    page.locator("input[type=file]").last.set_input_files(tmp_path / "pictures.zip")
    page.get_by_role("button", name="Explain these pictures").click()
    expect(page.get_by_text("Finished")).to_be_visible()
    expect(page.get_by_text("Skipped because they cannot be read: 1")).to_be_visible()
    before = page.locator(MAPS).first.get_attribute("src")
    table = page.get_by_test_id("stDataFrame").nth(1)
    table.scroll_into_view_if_needed()
    box = table.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 16, box["y"] + 54)  # the mark of the first row
    expect(page.locator(MAPS).first).not_to_have_attribute("src", str(before))
