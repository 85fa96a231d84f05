"""Every kind of image batch and target, and one sentence for each that does not fit."""

import warnings

import numpy as np
import pytest
import torch
from torch import nn

from resnet_viz import analyze
from resnet_viz.core.errors import NetworkError, OptionError, TargetError
from tests.networks.unchecked import unchecked
from tests.probe.hand_made import Several, close, images, seeded, small


def test_an_image_gets_the_same_numbers_alone_and_in_a_batch():
    network, batch = small(), images(4)
    together = analyze(network, batch, target=[0, 1, 2, 3], score="loss")
    for i in range(4):
        alone = analyze(network, batch[i : i + 1], target=i, score="loss")
        for layer in together.layers:
            close(together.features[layer][i], alone.features[layer][0])
            close(
                together.activation_gradient_norms[layer][i],
                alone.activation_gradient_norms[layer][0],
                1e-4,
            )
        for layer in together.cams:
            close(together.cams[layer][i], alone.cams[layer][0], 1e-4)


@pytest.mark.parametrize("size", [(16, 40), (33, 17), (1, 1)])
def test_images_need_not_be_square(size):
    result = analyze(small(), images(2, size))
    assert result.cams["conv1"].shape == (2, *size)
    assert result.logits.shape == (2, 5)


CLASSES = [3, 0]


@pytest.mark.parametrize(
    "target",
    [
        CLASSES,
        tuple(CLASSES),
        torch.tensor(CLASSES),
        torch.tensor(CLASSES, dtype=torch.int32),
        np.array(CLASSES),
        lambda logits: logits[[0, 1], CLASSES],
    ],
    ids=["list", "tuple", "tensor", "int32", "array", "function"],
)
def test_every_form_of_target_gives_the_same_maps(target):
    network, batch = small(), images()
    with unchecked():
        got = analyze(network, batch, target=target)
    for i, number in enumerate(CLASSES):
        one = analyze(network, batch[i : i + 1], target=number)
        close(got.cams["layer2.0"][i], one.cams["layer2.0"][0])
    if not callable(target):
        assert got.targets.tolist() == CLASSES


@pytest.mark.parametrize("one", [2, np.int64(2), torch.tensor(2), np.array(2)])
def test_one_class_is_for_all_images(one):
    with unchecked():
        assert analyze(small(), images(3), target=one).targets.tolist() == [2, 2, 2]


def test_no_target_is_each_images_own_top_class():
    network, batch = small(), images(6)
    with torch.no_grad():  # else one class may win for every image
        network.fc.bias -= network(batch).mean(0)
        expected = network(batch).argmax(1).tolist()
    assert len(set(expected)) > 1
    assert analyze(network, batch).targets.tolist() == expected


def test_a_function_reads_any_output():
    network, batch = seeded(Several).eval(), images()
    result = analyze(network, batch, target=lambda out: out[0][:, 2], layers=["split.conv"])
    assert result.logits is None
    assert result.targets is None
    assert result.predictions() == []
    assert result.cams["split.conv"].shape == (2, 14, 14)


@pytest.mark.parametrize(
    ("target", "says"),
    [
        (5, "0 to 4"),
        (-1, "0 to 4"),
        ([0, 9], "0 to 4"),
        ([0, 1, 2], "2 images"),
        ([], "whole class numbers"),
        ([[0, 1]], "2 images"),
        ([0.5, 1.0], "whole class numbers"),
        (1.0, "whole class numbers"),
        (True, "whole class numbers"),
        (torch.tensor([True, False]), "whole class numbers"),
        ("cat", "whole class numbers"),
        (["cat", "dog"], "whole class numbers"),
        ([None, 1], "whole class numbers"),
        ({"class": 1}, "whole class numbers"),
        (10**30, "whole class numbers"),
        (lambda logits: logits.sum(), "2 images"),
        (lambda logits: 1.0, "2 images"),
        (lambda logits: logits.detach()[:, 0], "differentiable"),
    ],
    ids=lambda value: "function" if callable(value) else str(value),
)
def test_a_target_that_does_not_fit_is_one_sentence(target, says):
    with unchecked(), pytest.raises(TargetError) as caught:
        analyze(small(), images(), target=target)
    assert says in str(caught.value)


def test_a_loss_needs_a_class():
    with pytest.raises(TargetError, match="needs a class"):
        analyze(small(), images(), target=lambda logits: logits[:, 0], score="loss")


@pytest.mark.parametrize(
    ("batch", "says"),
    [
        (torch.zeros(2, 3, 16, 16, dtype=torch.uint8), "uint8"),
        (torch.zeros(3, 16, 16), "images[None]"),
        (torch.zeros(0, 3, 16, 16), "(0, 3, 16, 16)"),
        (torch.tensor(1.0), "batch"),
        (torch.zeros(2, 1, 16, 16), "(batch, 3, height, width)"),
        (torch.zeros(2, 3), "(batch, 3, height, width)"),
        (torch.zeros(2, 16, 16, 3), "(batch, 3, height, width)"),
        (torch.zeros(2, 3, 16, 16, device="meta"), "meta"),
    ],
    ids=["uint8", "one image", "none", "number", "grey", "flat", "channels last", "device"],
)
def test_images_that_do_not_fit_are_one_sentence(batch, says):
    with unchecked(), pytest.raises(NetworkError) as caught:
        analyze(small(), batch)
    assert says in str(caught.value)


def test_images_of_another_precision_are_one_sentence():
    with pytest.raises(NetworkError, match="float64"):
        analyze(small(), images(dtype=torch.float64))


def test_a_score_that_is_none_is_one_sentence():
    with unchecked(), pytest.raises(OptionError, match="logit, loss"):
        analyze(small(), images(), score="entropy")


def test_a_detached_output_is_one_sentence():
    class Cut(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(3, 2)

        def forward(self, x):
            return self.fc(x.mean((2, 3))).detach()

    with pytest.raises(NetworkError, match="detach"):
        analyze(seeded(Cut).eval(), images(), layers=["fc"])


def test_an_output_that_is_not_logits_needs_a_function():
    with pytest.raises(TargetError, match="returns tuple"):
        analyze(seeded(Several).eval(), images(), layers=["split.conv"])
    with pytest.raises(TargetError, match=r"\(2, 3, 16, 16\)"):
        analyze(nn.Sequential(nn.Conv2d(3, 3, 1)).eval(), images())


def test_a_script_module_is_one_sentence():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        traced = torch.jit.trace(seeded(lambda: nn.Sequential(nn.Flatten(), nn.Linear(12, 2))),
                                 torch.zeros(1, 3, 2, 2))  # fmt: skip
    with pytest.raises(NetworkError, match="TorchScript"):
        analyze(traced, torch.zeros(1, 3, 2, 2))


def test_a_network_without_parameters_has_none():
    result = analyze(nn.Sequential(nn.Flatten()), images(1, 2), layers=["0"], parameters=True)
    assert result.parameter_gradient_norms == {}
    assert result.activation_gradient_norms["0"].tolist() == [1.0]
