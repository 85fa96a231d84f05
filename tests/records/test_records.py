"""Records are frozen, their arrays read-only, their tables and files complete."""

import dataclasses
import json
import os

import numpy as np
import pytest
import torch

from resnet_viz import Pair, analyze
from resnet_viz.core.errors import LayerError, OutputError
from resnet_viz.records import ByLayer, Prediction
from tests.probe.hand_made import images, small


@pytest.fixture
def result():
    return analyze(small(), images(2), target=[1, 3], parameters=True)


def test_a_record_is_frozen(result):
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.network = "other"
    with pytest.raises(TypeError):
        result.features["conv1"] = np.zeros(1)


def test_every_array_is_read_only(result):
    arrays = [result.logits, result.targets, result.probabilities]
    for kind in ("features", "cams", "cam_weights", "activation_gradient_norms"):
        arrays += getattr(result, kind).values()
    assert len(arrays) > 20
    for array in arrays:
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


def test_every_table_of_norms_is_read_only(result):
    for table in (result.parameter_gradient_norms, result.parameter_norms):
        with pytest.raises(TypeError):
            table["conv1.weight"] = 0.0


def test_running_the_network_again_does_not_change_a_record():
    network = small()
    result = analyze(network, images(2), target=1)
    before = {n: v.copy() for n, v in result.features.items()}
    analyze(network, images(2, seed=8), target=2)
    with torch.no_grad():
        network.conv1.weight.zero_()
        network(images(2))
    for name, value in before.items():
        np.testing.assert_array_equal(result.features[name], value)


def test_probabilities_are_the_softmax(result):
    expected = torch.tensor(result.logits.copy()).softmax(1).numpy()
    np.testing.assert_allclose(result.probabilities, expected, rtol=1e-5)


def test_probabilities_of_large_logits_are_finite(result):
    large = dataclasses.replace(result, logits=np.array([[1e4, 0, -1e4]] * 2, np.float32))
    np.testing.assert_array_equal(large.probabilities, [[1, 0, 0]] * 2)


def test_predictions_are_sorted_and_named(result):
    names = ("a", "b", "c", "d", "e")
    got = result.predictions(names, image=1, top=3)
    order = np.argsort(-result.logits[1])[:3]
    assert [p.index for p in got] == order.tolist()
    assert [p.label for p in got] == [names[i] for i in order]
    assert got[0].probability >= got[1].probability >= got[2].probability
    assert sum(p.probability for p in result.predictions(top=99)) == pytest.approx(1)
    assert result.predictions()[0] == Prediction(*[
        result.predictions()[0].index, str(result.predictions()[0].index),
        float(result.probabilities[0].max()),
    ])  # fmt: skip


def test_the_table_has_one_row_a_layer(result):
    frame = result.to_frame(image=1)
    assert list(frame.columns) == [
        "layer", "shape", "activation_gradient_norm", "weight_gradient_norm",
        "relative_weight_gradient_norm", "cam_max",
    ]  # fmt: skip
    assert frame["layer"].tolist() == list(result.layers)
    row = frame.set_index("layer").loc["layer2.0.conv1"]
    assert row["shape"] == "8x8x8"
    assert row["activation_gradient_norm"] == pytest.approx(
        result.activation_gradient_norms["layer2.0.conv1"][1]
    )
    assert row["weight_gradient_norm"] == result.weight_gradient_norms["layer2.0.conv1"]
    assert row["cam_max"] == pytest.approx(result.cams["layer2.0.conv1"][1].max())
    block = frame.set_index("layer").loc["layer2.0"]
    assert np.isnan(block["weight_gradient_norm"])
    assert np.isnan(frame.set_index("layer").loc["fc", "cam_max"])


def test_the_table_without_parameters_has_the_same_columns(result):
    bare = analyze(small(), images(2)).to_frame()
    assert list(bare.columns) == list(result.to_frame().columns)
    assert bare["weight_gradient_norm"].isna().all()


def test_an_unknown_layer_of_a_record_lists_close_matches(result):
    with pytest.raises(LayerError, match=r"layer2\.0"):
        result.features["layer2.9"]
    with pytest.raises(LayerError):
        result.upsampled("fc", 8)
    assert "layer2.9" not in result.features
    assert result.features.get("layer2.9") is None


def test_saving_writes_all_of_it(result, tmp_path):
    result.save(tmp_path / "out")
    assert sorted(os.listdir(tmp_path)) == ["out"]
    assert sorted(os.listdir(tmp_path / "out")) == ["arrays.npz", "manifest.json"]
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text("utf-8"))
    assert manifest["record"] == "analysis"
    assert manifest["layers"] == list(result.layers)
    assert manifest["score"] == "logit"
    assert manifest["batch_norm"] == "eval"
    assert manifest["parameter_gradient_norms"] == result.parameter_gradient_norms
    with np.load(tmp_path / "out" / "arrays.npz", allow_pickle=False) as arrays:
        assert manifest["arrays"] == {n: list(arrays[n].shape) for n in arrays.files}
        for kind in ("features", "cams", "cam_weights", "activation_gradient_norms"):
            for name, value in getattr(result, kind).items():
                np.testing.assert_array_equal(arrays[f"{kind}/{name}"], value)
        np.testing.assert_array_equal(arrays["logits"], result.logits)
        np.testing.assert_array_equal(arrays["targets"], result.targets)


def test_saving_never_overwrites(result, tmp_path):
    result.save(str(tmp_path / "out"))
    before = (tmp_path / "out" / "manifest.json").read_bytes()
    with pytest.raises(OutputError, match="already exists"):
        result.save(tmp_path / "out")
    assert (tmp_path / "out" / "manifest.json").read_bytes() == before
    assert os.listdir(tmp_path) == ["out"]


def test_a_save_that_fails_leaves_nothing_behind(result, tmp_path, monkeypatch):
    from resnet_viz.core import saving

    def full_disk(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(saving.np, "savez", full_disk)
    with pytest.raises(OutputError):
        result.save(tmp_path / "out")
    assert os.listdir(tmp_path) == []


def test_a_pair_maps_both_and_keeps_the_order():
    pair = Pair(first=2, second=3).map(lambda n: n * 10)
    assert pair == Pair(20, 30)
    assert list(pair) == [20, 30]
    assert list(pair.join(Pair("a", "b"))) == [(20, "a"), (30, "b")]


def test_by_layer_is_a_mapping_in_order():
    values = ByLayer({"b": 1, "a": 2})
    assert list(values) == ["b", "a"]
    assert dict(values) == {"b": 1, "a": 2}
    assert len(values) == 2
