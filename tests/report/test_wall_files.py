"""The wall of all methods as files."""

import io
import zipfile

import pandas as pd
import pytest
from PIL import Image

from resnet_viz.checkpoints.load import load_two
from resnet_viz.checkpoints.ref import NetworkRef
from resnet_viz.explain.explain_picture import ExplainRequest, explain_picture
from resnet_viz.explain.method_names import MethodName
from resnet_viz.pictures.samples import sample_picture
from resnet_viz.records import TWINS, Pair
from resnet_viz.report.wall_files import WallLine, wall_archive
from resnet_viz.spec import NetworkSpec


@pytest.fixture(scope="module")
def lines():
    ref = NetworkRef(NetworkSpec(depths=(1, 1), widths=(4, 4), classes=3))
    methods = (MethodName.GRAD_CAM, MethodName.SALIENCY)

    def of(one):
        loaded, role = one
        made = [
            explain_picture(
                loaded, sample_picture("cat"), ExplainRequest(m, measures=("deletion",))
            )
            for m in methods
        ]
        return [WallLine(role, str(role), found, found.scores) for found in made]

    return load_two(ref, ref.twin()).join(TWINS).map(of)


def test_the_archive_has_a_picture_and_a_table_of_what_was_measured(lines):
    with zipfile.ZipFile(io.BytesIO(wall_archive(lines, "deletion"))) as archive:
        table = pd.read_csv(io.BytesIO(archive.read("wall.csv")))
        picture = Image.open(io.BytesIO(archive.read("wall.png")))
    assert sorted(table["method"]) == ["grad-cam", "grad-cam", "saliency", "saliency"]
    for _, side in table.groupby("network"):
        assert side["deletion"].is_monotonic_increasing  # the most faithful first
    assert picture.width > 9 * 112


def test_an_empty_wall_is_an_empty_table():
    with zipfile.ZipFile(io.BytesIO(wall_archive(Pair([], []), "deletion"))) as archive:
        assert archive.read("wall.csv").decode().startswith("network,method")
