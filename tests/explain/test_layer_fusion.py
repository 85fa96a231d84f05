"""Maps of several layers as one."""

import numpy as np
import pytest

from resnet_viz.core.errors import LayerError, OptionError
from resnet_viz.explain.explain_image import explain
from resnet_viz.explain.faithfulness import faithfulness
from resnet_viz.explain.layer_fusion import fuse
from resnet_viz.pictures.resample import enlarge
from resnet_viz.records.map_facts import Blank, Fused, Fusion
from tests.probe.hand_made import images, small


def test_each_layer_is_scaled_by_its_own_maximum():
    one, other = np.array([[0.0, 2.0]]), np.array([[50.0, -3.0]])
    assert fuse([one, other], Fusion.MAX, 1, 2).tolist() == [[1, 1]]
    assert fuse([one, other], Fusion.MEAN, 1, 2).tolist() == [[0.5, 0.5]]
    assert fuse([one, 0 * other], Fusion.MEAN, 1, 2).tolist() == [[0, 0.5]]
    assert np.isnan(fuse([one, np.array([[np.nan, 1.0]])], Fusion.MAX, 1, 2)).any()


@pytest.mark.parametrize("method", ["layer-cam", "ablation-cam"])
@pytest.mark.parametrize("how", Fusion)
def test_a_fused_map_is_made_of_the_maps_of_its_layers(method, how):
    network, batch, layers = small(), images(1), ("layer1.0", "layer2.1")
    found = explain(network, batch, method, layer=Fused(how, layers), target=1)
    parts = [explain(network, batch, method, layer=layer, target=1).map for layer in layers]
    scaled = [enlarge((p / (p.max() or 1))[None], 16, 16)[0] for p in parts]
    expected = np.max(scaled, 0) if how is Fusion.MAX else np.mean(scaled, 0)
    np.testing.assert_allclose(found.map, expected, atol=1e-5)
    assert found.layer is None
    assert found.manifest()["fused"] == {
        "how": how, "scaling": "own_maximum", "layers": list(layers)
    }  # fmt: skip
    assert found.place == f"{how}(layer1.0, layer2.1)"


def test_all_blocks_are_the_default_and_the_measures_know_it():
    network, batch = small(), images(1)
    found = explain(network, batch, layer=Fused(Fusion.MEAN))
    assert found.fused.layers == tuple(network.spec.blocks())
    scores = {s.name: s.value for s in faithfulness(network, batch, found)}
    assert np.isfinite(list(scores.values())).all()
    assert scores["max_sensitivity"] < 5


def test_a_blank_fused_map_says_why():
    network = small()
    network.fc.weight.data.zero_()
    assert explain(network, images(1), layer=Fused(Fusion.MAX)).blank is Blank.NO_GRADIENT
    network.fc.weight.data.fill_(-1)
    found = explain(network, images(1), layer=Fused(Fusion.MAX, ("layer2.1",)), target=0)
    assert found.blank is Blank.NEGATIVE


@pytest.mark.parametrize("method", ["saliency", "full-grad", "guided-grad-cam"])
def test_what_cannot_be_fused_is_refused(method):
    with pytest.raises(OptionError, match="can be fused"):
        explain(small(), images(1), method, layer=Fused(Fusion.MAX))


def test_an_unknown_layer_among_them_is_refused():
    with pytest.raises(LayerError, match=r"layer2\.0"):
        explain(small(), images(1), layer=Fused(Fusion.MAX, ("layer9",)))
