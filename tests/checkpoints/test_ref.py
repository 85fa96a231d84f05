"""A network with weights has one name, which commands, links and background runs share."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from resnet_viz import NetworkRef, NetworkSpec, Weights, WeightSource, build, load, load_two
from resnet_viz.checkpoints.ref import trained_ref
from resnet_viz.checkpoints.save import save_checkpoint
from resnet_viz.checkpoints.weight_sources import weight_sources
from resnet_viz.core.errors import CheckpointError, OptionError
from resnet_viz.networks.zoo.labels import CIFAR10_CLASSES
from resnet_viz.pictures.preprocess import CIFAR_PREPROCESSING
from tests.source import PACKAGE

DESIGN = NetworkSpec(depths=(1, 2), widths=(4, 8))
FILE = Weights(WeightSource.FILE, path=Path("a b/it's: ../<mine>\n名.pth"), title='"{name}" <b>')


def save(path, spec, seed=0):
    save_checkpoint(
        path, build(spec, seed=seed), classes=CIFAR10_CLASSES, preprocessing=CIFAR_PREPROCESSING,
        training={}, curve=[],
    )  # fmt: skip


@pytest.mark.parametrize(
    "ref",
    [
        NetworkRef.parse("resnet20"),
        NetworkRef.parse("resnet50:pretrained"),
        NetworkRef.parse("wrn-28-10:random", seed=2**31 - 1),
        NetworkRef.parse("lenet5"),
        NetworkRef.parse("alexnet:pretrained"),
        NetworkRef(DESIGN),
        NetworkRef(replace(DESIGN, input_channels=5), Weights(seed=7)),
        NetworkRef(None, FILE),
        NetworkRef("resnet20", FILE, ("<i>", "{seed}", "")),
        NetworkRef(DESIGN, replace(FILE, twin=FILE)),
        NetworkRef.parse("resnet50:pretrained").twin(),
        NetworkRef(None, FILE).twin(),
    ],
)
def test_a_ref_travels_as_json(ref):
    again = NetworkRef.from_dict(json.loads(json.dumps(ref.to_dict())))
    assert again == ref
    assert hash(again) == hash(ref)


@pytest.mark.parametrize(
    ("words", "weights", "ref"),
    [
        ("resnet20", "", NetworkRef("resnet20", Weights(WeightSource.BUNDLED))),
        ("resnet110", "", NetworkRef("resnet110")),
        ("resnet50", "", NetworkRef("resnet50")),  # no download unasked
        ("resnet20:random", "", NetworkRef("resnet20", Weights(seed=3))),
        ("resnet20", "random", NetworkRef("resnet20", Weights(seed=3))),
        ("alexnet:pretrained", "", NetworkRef("alexnet", Weights(WeightSource.PRETRAINED))),
        ("a/b.pth", "", NetworkRef(None, Weights(WeightSource.FILE, path=Path("a/b.pth")))),
        ("C:/b.pth", "", NetworkRef(None, Weights(WeightSource.FILE, path=Path("C:/b.pth")))),
        (
            "resnet20:C:/b.pth",
            "",
            NetworkRef("resnet20", Weights(WeightSource.FILE, path=Path("C:/b.pth"))),
        ),
        (
            "lenet5",
            "../x y.safetensors",
            NetworkRef("lenet5", Weights(WeightSource.FILE, path=Path("../x y.safetensors"))),
        ),
    ],
)
def test_words_name_a_network_and_its_weights(words, weights, ref):
    assert NetworkRef.parse(words, weights, seed=3) == (
        replace(ref, weights=replace(ref.weights, seed=3))
        if ref.weights.source is WeightSource.RANDOM
        else ref
    )


@pytest.mark.parametrize(
    ("words", "weights", "sentence"),
    [
        ("resnet57", "", "resnet56"),
        ("resnet57:random", "", "resnet56"),
        ("resnet57", "a.pth", "resnet56"),
        ("", "", "network"),
        ("<script>" * 100, "", "network"),
        ("../../etc/passwd", "", "network"),
        ("resnet110:pretrained", "", "random, FILE"),
        ("resnet110", "bundled", "random, FILE"),
        ("resnet110", "lesion", "random, FILE"),
        ("resnet20", "file", "bundled, random, FILE"),
        ("resnet20", "nonsense", "bundled, random, FILE"),
        ("lenet5", "bundled", "random, FILE"),
        ("plain50", "pretrained", "random, FILE"),
    ],
)
def test_other_words_are_refused_with_what_is_on_offer(words, weights, sentence):
    with pytest.raises(OptionError, match=sentence) as caught:
        NetworkRef.parse(words, weights)
    assert len(str(caught.value)) < 400


def test_a_ref_that_names_nothing_is_refused():
    for broken in (
        lambda: NetworkRef(None),
        lambda: Weights(WeightSource.FILE),
        lambda: Weights(WeightSource.LESION),
    ):
        with pytest.raises(OptionError):
            broken()


def test_the_twin_has_weights_of_the_same_origin():
    assert NetworkRef.parse("resnet20").twin() == NetworkRef.parse("plain20")
    assert NetworkRef.parse("resnet20:random", seed=4).twin() == NetworkRef(
        "plain20", Weights(seed=4)
    )
    assert NetworkRef(DESIGN, Weights(seed=4)).twin() == NetworkRef(DESIGN.plain(), Weights(seed=4))
    for ref in (NetworkRef.parse("resnet50:pretrained"), NetworkRef(DESIGN, FILE)):
        cut = ref.twin()
        assert cut.weights.source is WeightSource.LESION
        assert cut.spec == ref.spec.plain()
        assert cut.before_lesion() == ref
    trained = replace(FILE, path=Path("plain.safetensors"))
    pair = NetworkRef(DESIGN, replace(FILE, twin=trained), ("a", "b"))
    assert pair.twin() == NetworkRef(DESIGN.plain(), trained, ("a", "b"))


@pytest.mark.parametrize(
    "ref",
    [
        NetworkRef.parse("plain20"),
        NetworkRef.parse("lenet5"),
        NetworkRef(DESIGN.plain()),
        NetworkRef(DESIGN, FILE).twin(),
    ],
)
def test_plain_networks_and_the_zoo_have_no_twin(ref):
    assert not ref.has_twin
    with pytest.raises(OptionError, match="no plain twin"):
        ref.twin()


def test_the_weights_on_offer_are_those_of_the_network():
    assert WeightSource.PRETRAINED in weight_sources("resnet50")
    assert WeightSource.PRETRAINED not in weight_sources("plain50")
    assert WeightSource.PRETRAINED not in weight_sources("resnet56")
    assert WeightSource.BUNDLED in weight_sources("plain56")


def test_a_file_that_says_what_it_is_needs_no_name(tmp_path):
    save(tmp_path / "own.safetensors", DESIGN)
    ref = NetworkRef.parse(str(tmp_path / "own.safetensors"))
    assert ref.spec == DESIGN
    assert ref.title == "own"
    pair = load_two(ref)
    assert pair.first.spec == DESIGN
    assert pair.second.spec == DESIGN.plain()
    assert pair.second.source is WeightSource.LESION


def test_a_bare_file_is_found_out_when_it_is_loaded(tmp_path):
    spec = NetworkSpec.preset("resnet20")
    weights = load(NetworkRef.parse("resnet20")).network.state_dict()
    torch.save(weights, tmp_path / "bare.pth")
    ref = NetworkRef.parse(str(tmp_path / "bare.pth"))
    with pytest.raises(CheckpointError):
        _ = ref.spec
    assert load(ref).spec == spec
    assert load_two(ref).second.spec == spec.plain()
    with pytest.raises(OptionError, match="same input"):
        load_two(ref, NetworkRef("lenet5"))


@pytest.mark.parametrize("path", ["no/such.pth", "nul\0byte.pth", "x" * 300 + ".pth", "..pth"])
def test_a_file_that_is_not_there_is_one_sentence(path):
    with pytest.raises(CheckpointError):
        load(NetworkRef(None, Weights(WeightSource.FILE, path=Path(path))))


def test_what_a_training_left_is_a_pair(tmp_path):
    assert trained_ref(tmp_path) is None
    save(tmp_path / "plain.safetensors", DESIGN.plain(), seed=2)
    alone = trained_ref(tmp_path, "mine")
    assert not alone.has_twin
    save(tmp_path / "residual.safetensors", DESIGN, seed=1)
    pair = load_two(trained_ref(tmp_path, "mine"))
    assert [loaded.source for loaded in pair] == [WeightSource.FILE] * 2
    assert [loaded.weights for loaded in pair] == ["mine"] * 2
    assert [loaded.spec for loaded in pair] == [DESIGN, DESIGN.plain()]
    trained = build(DESIGN.plain(), seed=2).state_dict()
    assert all(v.equal(trained[k]) for k, v in pair.second.network.state_dict().items())


def test_sources_are_loaded_in_one_place():
    """Whoever wants a network with weights calls ``load``; only loaders know the sources."""
    loaders = ("bundled_network", "published_network", "untrained_network", "zoo_network",
               "import lesion")  # fmt: skip
    users = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if any(re.search(rf"\b{name}\b", path.read_text("utf-8")) for name in loaders)
    }
    own = {
        f"checkpoints/sources/{name}.py" for name in ("bundled", "published", "untrained", "zoo")
    }
    assert users == {"checkpoints/load.py", *own}


def test_the_error_for_a_misspelt_plain_network_names_it():
    with pytest.raises(OptionError, match="plain56"):
        NetworkRef.parse("plan56")
