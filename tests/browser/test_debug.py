"""Debug in a real browser: a checkpoint is uploaded and diagnosed, and the report downloaded."""

import io
import json

import pytest
import torch
from playwright.sync_api import Page, expect

from resnet_viz import NetworkRef, load


@pytest.fixture(scope="module")
def sick_file(tmp_path_factory):
    weights = load(NetworkRef.parse("resnet20")).network.state_dict()
    weights["layer2.1.conv2.weight"] = weights["layer2.1.conv2.weight"] * 3
    out = io.BytesIO()
    torch.save({"state_dict": weights, "epoch": 5}, out)
    path = tmp_path_factory.mktemp("files") / "sick.pth"
    path.write_bytes(out.getvalue())
    return path


def dropped(page: Page, address: str, path) -> Page:
    page.goto(address)
    page.get_by_role("link", name="Debug", exact=True).click()
    expect(page.get_by_role("heading", name="Debug a checkpoint")).to_be_visible()
    page.locator("[data-testid='stMain'] input[type=file]").set_input_files(path)
    expect(page.get_by_role("heading", name="CIFAR ResNet-20")).to_be_visible(timeout=120_000)
    return page


def test_a_cold_deep_link_says_what_the_page_is_for(server, browser):
    """In a context of its own: Streamlit asks for two addresses below the page's, in vain."""
    context = browser.new_context(locale="zh-CN")
    page = context.new_page()
    page.goto(f"{server}/Debug")
    expect(page.get_by_role("heading", name="诊断检查点")).to_be_visible()
    expect(page.get_by_test_id("stAlert")).to_have_count(1)
    context.close()


def test_a_sick_checkpoint_is_judged_and_a_bad_file_changes_nothing(
    server, page, sick_file, tmp_path
):
    dropped(page, server, sick_file)
    expect(page.get_by_text("layer2.1.bn2").first).to_be_visible()
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    with page.expect_download() as started:
        page.get_by_role("button", name="Findings (JSON)").click()
    found = json.loads(started.value.path().read_text("utf-8"))
    assert found["identified"]["kind"] == "residual"
    assert found["findings"][0]["layer"] == "layer2.1.bn2"
    with page.expect_download() as started:
        page.get_by_role("button", name="Report (HTML)").click()
    assert "Plotly.newPlot" in started.value.path().read_text("utf-8")
    (tmp_path / "bad.pth").write_bytes(b"<html>404</html>")
    page.locator("[data-testid='stMain'] input[type=file]").set_input_files(tmp_path / "bad.pth")
    expect(page.get_by_test_id("stAlert")).to_have_count(1, timeout=120_000)
    expect(page.get_by_role("heading", name="CIFAR ResNet-20")).to_be_visible()


@pytest.mark.slow
def test_the_page_fits_a_phone(server, browser, sick_file):
    context = browser.new_context(locale="en-US", viewport={"width": 1280, "height": 900})
    page = dropped(context.new_page(), server, sick_file)
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_timeout(1000)  # plots measure their room again
    widths = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert widths[0] <= widths[1]
    context.close()


@pytest.mark.slow
def test_a_file_of_500_megabytes_is_diagnosed(server, page, tmp_path):
    content = {"state_dict": load(NetworkRef.parse("resnet20")).network.state_dict()}
    torch.save({**content, "history": torch.zeros(123_500_000)}, tmp_path / "large.pth")
    dropped(page, server, tmp_path / "large.pth")
    expect(page.get_by_text("large.pth").first).to_be_visible()
