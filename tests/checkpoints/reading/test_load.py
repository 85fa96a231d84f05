"""Weights files: saved weights are loaded unchanged, and no other file is opened."""

import io
import json
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from resnet_viz import NetworkSpec, ResnetVizError, Shortcut, build, load_checkpoint
from resnet_viz.checkpoints.identifying.identify import identify
from resnet_viz.checkpoints.reading.read import read_weights
from resnet_viz.core.converter import decode
from resnet_viz.core.errors import CheckpointError
from resnet_viz.networks.export.weights_files import to_onnx
from resnet_viz.pictures.preprocess import CIFAR_PREPROCESSING, Preprocessing
from resnet_viz.records import Epoch, WeightSource
from tests.checkpoints.saved_files import EPOCH, FILES, NARROW, SPEC, assert_equal_weights, save


def test_a_checkpoint_comes_back_with_all_that_is_known_of_it(tmp_path):
    network = build(SPEC, seed=7)
    network.bn1.num_batches_tracked.fill_(5)
    save(tmp_path / "mine.safetensors", network)
    loaded = load_checkpoint(tmp_path / "mine.safetensors")
    assert_equal_weights(loaded.network.state_dict(), network.state_dict())
    assert loaded.network.spec == SPEC
    assert not loaded.network.training
    assert loaded.source is WeightSource.FILE
    assert loaded.weights == "mine.safetensors"
    assert loaded.classes == ("a", "b", "c")
    assert loaded.preprocessing == Preprocessing(16, 20, (0.1, 0.2, 0.3), (0.4, 0.5, 0.6))
    assert loaded.training["training"]["seed"] == 7
    assert decode(Epoch, loaded.training["curve"][0]) == EPOCH


@pytest.mark.parametrize("shortcut", Shortcut)
def test_every_shortcut_comes_back(tmp_path, shortcut):
    spec = NetworkSpec(depths=(1, 1), widths=(4, 8), shortcut=shortcut, classes=3)
    save(tmp_path / "n.safetensors", build(spec, seed=1))
    assert load_checkpoint(tmp_path / "n.safetensors").network.spec == spec


def test_the_file_itself_beats_the_callers_spec(tmp_path):
    save(tmp_path / "n.safetensors")
    loaded = load_checkpoint(tmp_path / "n.safetensors", NetworkSpec.preset("resnet20"))
    assert loaded.network.spec == SPEC


def test_saving_replaces_a_file_whole_and_leaves_no_other(tmp_path):
    save(tmp_path / "n.safetensors", build(SPEC, seed=1))
    save(tmp_path / "n.safetensors", build(SPEC, seed=2))
    assert os.listdir(tmp_path) == ["n.safetensors"]
    loaded = load_checkpoint(tmp_path / "n.safetensors").network
    assert_equal_weights(loaded.state_dict(), build(SPEC, seed=2).state_dict())


def test_a_save_that_fails_keeps_the_old_file_and_leaves_no_other(tmp_path, monkeypatch):
    save(tmp_path / "n.safetensors")
    before = (tmp_path / "n.safetensors").read_bytes()

    def full_disk(path, content):
        with open(path, "wb") as file:
            file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full_disk)
    with pytest.raises((OSError, ResnetVizError)):
        save(tmp_path / "n.safetensors")
    assert (tmp_path / "n.safetensors").read_bytes() == before
    assert os.listdir(tmp_path) == ["n.safetensors"]


def test_a_save_into_no_folder_is_one_sentence(tmp_path):
    with pytest.raises(ResnetVizError):
        save(tmp_path / "none" / "n.safetensors")


def test_saving_leaves_the_network_as_it_was(tmp_path):
    network = build(SPEC, seed=7).train()
    before = {k: v.clone() for k, v in network.state_dict().items()}
    save(tmp_path / "n.safetensors", network)
    assert network.training
    assert_equal_weights(network.state_dict(), before)


@pytest.mark.parametrize("prefix", ["", "module.", "_orig_mod.", "model."])
@pytest.mark.parametrize("wrapper", [None, "state_dict", "model_state_dict", "model"])
def test_prefixes_and_wrappers_are_taken_off(tmp_path, prefix, wrapper):
    weights = build(SPEC, seed=3).state_dict()
    content = {prefix + key: value for key, value in weights.items()}
    if wrapper:
        content = {"epoch": 3, wrapper: content, "best": 0.5}
    torch.save(content, tmp_path / "w.pth")
    loaded = load_checkpoint(tmp_path / "w.pth", SPEC)
    assert_equal_weights(loaded.network.state_dict(), weights)
    assert loaded.preprocessing.size == 16


def test_prefixes_in_any_order_are_taken_off(tmp_path):
    """torch.compile around DataParallel, and the other way round."""
    weights = build(SPEC, seed=3).state_dict()
    for prefix in ("module._orig_mod.", "_orig_mod.module."):
        torch.save({prefix + key: value for key, value in weights.items()}, tmp_path / "w.pth")
        loaded = load_checkpoint(tmp_path / "w.pth", SPEC)
        assert_equal_weights(loaded.network.state_dict(), weights)


def test_old_files_without_batch_counts_and_without_zip(tmp_path):
    weights = build(SPEC, seed=3).state_dict()
    old = {k: v for k, v in weights.items() if "num_batches_tracked" not in k}
    torch.save(old, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    loaded = load_checkpoint(tmp_path / "old.pth", SPEC)
    assert_equal_weights(loaded.network.state_dict(), weights)


def test_a_safetensors_file_of_someone_else_needs_a_spec(tmp_path):
    weights = build(SPEC, seed=3).state_dict()
    save_file(weights, tmp_path / "w.safetensors", metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match="name the network"):
        load_checkpoint(tmp_path / "w.safetensors")
    loaded = load_checkpoint(tmp_path / "w.safetensors", SPEC)
    assert_equal_weights(loaded.network.state_dict(), weights)


def test_a_mismatch_counts_and_names_the_first(tmp_path):
    weights = build(SPEC, seed=3).state_dict()
    weights["fc.weight"] = torch.zeros(4, 8)
    weights["extra"] = torch.zeros(1)
    torch.save(weights, tmp_path / "w.pth")
    with pytest.raises(CheckpointError) as caught:
        load_checkpoint(tmp_path / "w.pth", SPEC)
    total = len(weights) - 1
    assert f"{total - 1} of {total} tensors match" in str(caught.value)
    assert '"fc.weight"' in str(caught.value)


@pytest.mark.parametrize(
    "lost", ["layer2.1.bn2.running_var", "layer2.1.bn2.weight", "layer2.1.conv2.weight"]
)
@pytest.mark.parametrize("named", [True, False])
def test_one_tensor_too_few_is_a_mismatch(tmp_path, lost, named):
    weights = build(SPEC, seed=3).state_dict()
    del weights[lost]
    torch.save(weights, tmp_path / "w.pth")
    with pytest.raises(CheckpointError, match=lost if named else None):
        load_checkpoint(tmp_path / "w.pth", SPEC if named else None)


def test_one_tensor_too_many_is_set_aside_with_its_name(tmp_path):
    weights = build(SPEC, seed=3).state_dict()
    torch.save({**weights, "layer9.weight": torch.zeros(1)}, tmp_path / "w.pth")
    found = identify(read_weights(tmp_path / "w.pth"), "w.pth", SPEC)
    assert found.file.aside == ("layer9.weight",)
    assert_equal_weights(found.loaded().network.state_dict(), weights)


def test_the_digest_changes_with_one_weight_and_with_the_spec(tmp_path):
    save(tmp_path / "one.safetensors")
    changed = build(SPEC, seed=7)
    with torch.no_grad():
        changed.fc.bias[0] += 1e-3
    save(tmp_path / "two.safetensors", changed)
    save(tmp_path / "plain.safetensors", build(SPEC.plain(), seed=7))
    names = ("one", "two", "plain")
    digests = {load_checkpoint(tmp_path / f"{n}.safetensors").digest for n in names}
    assert len(digests) == 3
    assert load_checkpoint(tmp_path / "one.safetensors").digest in digests


def test_metadata_is_readable_json_with_the_spec_and_versions(tmp_path):
    from safetensors import safe_open

    save(tmp_path / "n.safetensors", preprocessing=CIFAR_PREPROCESSING)
    with safe_open(tmp_path / "n.safetensors", framework="np") as file:
        metadata = {key: json.loads(value) for key, value in file.metadata().items()}
        np.testing.assert_array_equal(
            file.get_tensor("fc.bias"), build(SPEC, seed=7).fc.bias.detach().numpy()
        )
    assert metadata["schema_version"] == 1
    assert metadata["spec"]["widths"] == [4, 8]
    assert metadata["versions"]["torch"] == torch.__version__


def on_cuda(data, form):
    """The same file, whose storages say that they were on a GPU."""
    old, new = b"X\x03\x00\x00\x00cpu", b"X\x06\x00\x00\x00cuda:0"
    if form == "legacy":
        return data.replace(old, new)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(out, "w") as changed:
        for info in archive.infolist():
            content = archive.read(info)
            changed.writestr(info.filename, content.replace(old, new))
    return out.getvalue()


@pytest.mark.parametrize("form", FILES)
def test_weights_that_were_on_a_gpu_load_on_a_cpu(tmp_path, form):
    data = on_cuda(FILES[form], form)
    assert data.count(b"cuda:0") > 0
    (tmp_path / "w.pth").write_bytes(data)
    loaded = load_checkpoint(tmp_path / "w.pth", NARROW)
    assert_equal_weights(loaded.network.state_dict(), build(NARROW, seed=0).state_dict())


def test_an_onnx_files_initialisers_are_weights(tmp_path):
    network = build(SPEC, seed=3).eval()
    (tmp_path / "n.onnx").write_bytes(to_onnx(network))
    weights = read_weights(tmp_path / "n.onnx").tensors
    own = {k: v for k, v in network.state_dict().items() if "num_batches" not in k}
    assert_equal_weights({k: weights[k] for k in own}, own)
    loaded = load_checkpoint(tmp_path / "n.onnx", SPEC).network
    assert torch.equal(loaded.fc.weight, network.fc.weight)


def test_a_large_file_is_mapped_not_read(tmp_path):
    """What lies beside the weights takes no memory: 200 MB that nobody asks for."""
    import resource

    content = {"state_dict": build(SPEC, seed=3).state_dict(), "other": torch.zeros(50_000_000)}
    torch.save(content, tmp_path / "w.pth")
    del content
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    load_checkpoint(tmp_path / "w.pth", SPEC)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kB


@pytest.mark.parametrize("which", ["sgd", "adam"])
def test_the_last_step_is_read_from_the_optimiser(tmp_path, which):
    """Against the step itself: weights before and after one more step."""
    network = build(SPEC, seed=3)
    kinds = {"sgd": lambda p: torch.optim.SGD(p, 0.1, momentum=0.9),
             "adam": lambda p: torch.optim.Adam(p, 0.01)}  # fmt: skip
    optimiser = kinds[which](network.parameters())
    images = torch.randn(4, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    for _ in range(2):
        before = {k: v.clone() for k, v in network.state_dict().items()}
        optimiser.zero_grad()
        network(images).square().mean().backward()
        optimiser.step()
    weights = network.state_dict()
    content = {"state_dict": {f"module.{k}": v for k, v in weights.items()},
               "optimizer": optimiser.state_dict()}  # fmt: skip
    torch.save(content, tmp_path / "w.pth")
    ratios = read_weights(tmp_path / "w.pth").update_ratios
    assert set(ratios) == {k for k, v in weights.items() if v.ndim > 1}
    for name, ratio in ratios.items():
        step = (weights[name] - before[name]).norm() / weights[name].norm()
        assert ratio == pytest.approx(float(step), rel=1e-3), name


@pytest.mark.parametrize("strange", ["expanded", "other shape", "text", "too few"])
def test_a_strange_optimiser_says_nothing_and_takes_no_memory(tmp_path, strange):
    weights = build(SPEC, seed=3).state_dict()
    moments = {"expanded": torch.zeros(1).expand(100_000, 100_000), "other shape": torch.zeros(3),
               "text": "hello", "too few": torch.zeros(1)}  # fmt: skip
    count = 1 if strange == "too few" else len(weights)
    state = {n: {"momentum_buffer": moments[strange]} for n in range(count)}
    groups = [{"lr": 0.1, "params": list(range(sum("running" not in k and "num_b" not in k
                                                   for k in weights)))}]  # fmt: skip
    content = {"state_dict": weights, "optimizer": {"state": state, "param_groups": groups}}
    torch.save(content, tmp_path / "w.pth")
    assert read_weights(tmp_path / "w.pth").update_ratios == {}
