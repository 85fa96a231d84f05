"""How long a layer click takes, in a real browser, on the Compare page.

    python -m benchmarks.page --clicks 40 --out benchmarks/results/page.json

From the click on a thumbnail until both pictures have been repainted. Nothing
new is computed by these clicks: every block was measured by the one pass that opened the page.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from resnet_viz.jobs.job import JobState
from resnet_viz.jobs.queue import runs
from resnet_viz.training.config import training_config

ROOT = Path(__file__).resolve().parents[1]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
PORT = 8597

#: Clicks a thumbnail; resolves with the milliseconds until both new overlays are painted.
CLICK = """
(layer) => new Promise((resolve) => {
  const roots = [document, ...[...document.querySelectorAll("*")].map((e) => e.shadowRoot)];
  const within = (selector) =>
    roots.filter(Boolean).flatMap((root) => [...root.querySelectorAll(selector)]);
  const canvases = within("canvas[aria-label^='Grad-CAM of']");
  const overlays = () => canvases;
  const strip = within(".strip")[0];
  const before = overlays().map((canvas) => canvas.dataset.shown);
  const started = performance.now();
  strip.querySelector(`[data-layer="${layer}"]`).dispatchEvent(
    new MouseEvent("click", { bubbles: true, composed: true }));
  const look = () => {
    const now = overlays();
    const fresh = now.length === 2 && now.every((c, i) => c.dataset.shown !== before[i]);
    if (!fresh) return requestAnimationFrame(look);
    // This runs before the frame is painted; a message posted now arrives right after it was.
    const painted = new MessageChannel();
    painted.port1.onmessage = () => resolve(performance.now() - started);
    painted.port2.postMessage(null);
  };
  requestAnimationFrame(look);
})
"""


def main() -> None:
    """Start the app, click, print and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clicks", type=int, default=40)
    parser.add_argument("--network", default="resnet20")
    parser.add_argument("--training", action="store_true", help="while a pair trains")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        os.environ["RESNET_VIZ_HOME"] = home
        measure(options)


def measure(options: argparse.Namespace) -> None:
    """Measure the clicks of one run; with ``--training``, while a pair trains in the background."""
    command = [sys.executable, "-m", "resnet_viz", "app", "--port", str(PORT), "--no-browser"]
    server = subprocess.Popen(command, cwd=ROOT, start_new_session=True)
    try:
        wait(f"http://127.0.0.1:{PORT}/_stcore/health")
        run = start_training() if options.training else None
        taken = clicks(f"http://127.0.0.1:{PORT}/?network={options.network}", options.clicks)
        if run is not None:
            assert runs.poll(run).state is JobState.RUNNING, "it ended before the clicks did"
            runs.stop(run)
    finally:
        os.killpg(server.pid, 15)
        server.wait(30)
    result = {
        "network": options.network,
        "training": options.training,
        "clicks": len(taken),
        "median_ms": round(statistics.median(taken), 1),
        "quartiles_ms": [round(q, 1) for q in statistics.quantiles(taken, n=4)],
        "slowest_ms": round(max(taken), 1),
        "cores": os.cpu_count(),
        "processor": platform.processor() or platform.machine(),
        "date": datetime.now(UTC).date().isoformat(),
    }
    print(json.dumps(result, indent=2))
    if options.out:
        options.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def start_training() -> str:
    """Start training a pair on the digits, as the Train page does; it outlasts the clicks."""
    config = training_config(
        "resnet20", "class-demo", pair=True, changes={"epochs": 500}, data="digits"
    )
    run = runs.submit("train", config, title="beside the clicks", device="cpu")
    while not any(event.key == "progress" for event in runs.poll(run).events):
        time.sleep(0.5)
    return run


def wait(address: str) -> None:
    """Wait until the server responds, at most two minutes."""
    for _ in range(400):
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except OSError:
            time.sleep(0.3)
    raise SystemExit("the app did not answer")


def clicks(address: str, count: int) -> list[float]:
    """Milliseconds of each click, block after block."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        page: Page = browser.new_page(locale="en-US", viewport={"width": 1280, "height": 900})
        page.goto(address)
        page.locator("canvas[aria-label^='Grad-CAM of']").nth(1).wait_for(timeout=90_000)
        page.wait_for_timeout(3000)
        layers = page.locator(".strip [data-layer]").evaluate_all(
            "nodes => [...new Set(nodes.map((node) => node.dataset.layer))]"
        )
        taken = []
        for number in range(count):
            taken.append(float(page.evaluate(CLICK, layers[number % (len(layers) - 1)])))
            page.wait_for_timeout(300)
        browser.close()
    return taken


if __name__ == "__main__":
    main()
