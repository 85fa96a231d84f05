"""Hostile files are refused: one sentence each, and hardly any memory."""

import json
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from resnet_viz.core.text import Text
from tests.pictures.decoded import refusal
from tests.pictures.hostile_images import REFUSED

CODES = {
    "empty": "image_empty",
    "text": "image_unreadable",
    "AVIF": "image_unreadable",
    "EPS": "image_unreadable",
    "PNG cut in half": "image_broken",
    "wrong checksum of the pixels": "image_broken",
    "palette without PLTE": "image_broken",
    "zTXt bomb": "image_broken",
    "PNG 6400 x 6400": "image_pixels",
    "PNG 65000 x 65000 declared": "image_pixels",
    "BMP header 9400 x 9400": "image_pixels",
    "WebP 6000 x 6000": "image_pixels",
    "progressive JPEG 5200 x 5200": "image_pixels",
    "progressive JPEG 5200 x 5200 of one scan": "image_pixels",
    "TIFF tile 13000 x 13000": "image_pixels",
    "1 x 30000": "image_aspect",
    "JPEG with too many scans": "image_parts",
    "PNG of 30000 chunks": "image_parts",
    "TIFF with a JPEG inside": "image_tiff",
    "more than 20 MB": "image_bytes",
}


# A worker without torch: its address space is small, so that the limit below means something.
WORKER = """
import json, resource, sys, types
package = types.ModuleType("resnet_viz")
package.__path__ = [sys.argv[1] + "/resnet_viz"]
sys.modules["resnet_viz"] = package
sys.path.insert(0, sys.argv[1])
from resnet_viz.core.errors import ImageError
from resnet_viz.pictures.decode import open_picture
from tests.pictures.hostile_images import REFUSED
from tests.pictures.made_images import encode, gradient

def size(field):
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))

for kind in ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP"):
    open_picture(encode(gradient(), kind), kind)
files = {name: make() for name, make in REFUSED.items()}
start, space = size("VmRSS"), size("VmSize")
resource.setrlimit(resource.RLIMIT_AS, (space + int(sys.argv[2]),) * 2)
codes = {}
for name, data in files.items():
    try:
        open_picture(data, name)
        codes[name] = None
    except ImageError as error:
        codes[name] = error.code
print(json.dumps({"codes": codes, "grown": size("VmHWM") - start}))
"""


@pytest.mark.parametrize("name", REFUSED)
def test_hostile_file_is_refused_with_one_sentence_in_every_language(name):
    error = refusal(REFUSED[name](), f"{'n' * 300}{name}")
    english, chinese = error.sentence(Text("en")), error.sentence(Text("zh"))
    assert error.code.startswith("image_")
    assert english.endswith(".")
    assert chinese.endswith("。")
    for sentence in (english, chinese):
        assert "\n" not in sentence
        assert len(sentence) <= 300
        assert "{" not in sentence
        assert "n" * 70 in sentence


@pytest.mark.parametrize("name", CODES)
def test_sentence_names_what_is_wrong(name):
    assert refusal(REFUSED[name]()).code == CODES[name]


@pytest.mark.parametrize("action", ["error", "ignore"])
def test_bomb_is_refused_whether_or_not_warnings_are_errors(action):
    with warnings.catch_warnings():
        warnings.simplefilter(action)  # Pillow warns about this one, and does not raise
        assert refusal(REFUSED["PNG 13300 x 13300"]()).code == "image_pixels"


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")
def test_every_refusal_together_stays_below_200_megabytes():
    root, limit = Path(__file__).parents[2], 200_000_000
    command = [sys.executable, "-c", WORKER, str(root), str(limit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert set(report["codes"]) == set(REFUSED)
    assert None not in report["codes"].values()
    assert {name: report["codes"][name] for name in CODES} == CODES
    assert report["grown"] < limit
