"""Which score is explained: classes, one logit, functions, dictionaries, several inputs."""

import numpy as np
import pytest
import torch
from torch import nn

from resnet_viz import analyze, explain, faithfulness, gradient_norms
from resnet_viz.core.errors import OptionError, TargetError
from tests.explain.peers import peer_networks as nets
from tests.explain.peers.peer_networks import made, picture

CHEAP = ["deletion", "insertion", "road", "average_drop", "infidelity"]


def ends_in(*last, classes=3):
    return lambda: nn.Sequential(nets.plain(classes), *last)


#: A network, ``activation``, and how its outputs become probabilities.
PROBABILITIES = [
    ("classes", nets.plain, None, lambda z: z.softmax(1)),
    ("one logit", ends_in(classes=1), None, torch.sigmoid),
    ("independent", nets.plain, "sigmoid", torch.sigmoid),
    ("asked for none", nets.plain, "none", lambda z: z),
    ("ends in softmax", ends_in(nn.Softmax(1)), None, lambda z: z),
    ("ends in sigmoid", ends_in(nn.Sigmoid()), None, lambda z: z),
    ("one sigmoid", ends_in(nn.Sigmoid(), classes=1), None, lambda z: z),
    ("ends in log-softmax", ends_in(nn.LogSoftmax(1)), None, torch.exp),
    ("one logit, softmax", ends_in(classes=1), "softmax", torch.ones_like),
]


@pytest.mark.parametrize(
    ("make", "activation", "right"), [row[1:] for row in PROBABILITIES],
    ids=[row[0] for row in PROBABILITIES],
)  # fmt: skip
def test_probabilities_are_those_of_the_output(make, activation, right):
    network, image = made(make), picture()
    expected = right(network(image)).detach().numpy()
    analysis = analyze(network, image, target=0, activation=activation)
    np.testing.assert_allclose(analysis.probabilities, expected, rtol=1e-5)
    found = explain(network, image, "saliency", target=0, activation=activation)
    np.testing.assert_allclose(found.probabilities, expected[0], rtol=1e-5)
    (curve,) = faithfulness(network, image, found, measures="deletion")
    assert curve.values[0] == pytest.approx(expected[0, 0], rel=1e-4)


#: A network, and its loss for class 0 by hand.
LOSSES = [
    ("classes", nets.plain, lambda z: -z.log_softmax(1)[:, 0]),
    ("one logit", ends_in(classes=1), lambda z: -z.sigmoid().log()[:, 0]),
    ("ends in softmax", ends_in(nn.Softmax(1)), lambda z: -z.log()[:, 0]),
]


@pytest.mark.parametrize(
    ("make", "loss"), [row[1:] for row in LOSSES], ids=[row[0] for row in LOSSES]
)
def test_the_loss_is_minus_the_logarithm_of_the_probability(make, loss):
    network, batch = made(make), picture(count=2)
    parameters = dict(network.named_parameters())
    slopes = torch.autograd.grad(loss(network(batch)).mean(), list(parameters.values()))
    norms = analyze(network, batch, target=0, score="loss", parameters=True)
    for name, slope in zip(parameters, slopes, strict=True):
        assert norms.parameter_gradient_norms[name] == pytest.approx(float(slope.norm()), rel=1e-4)
    assert gradient_norms(network, batch).activation_gradient_norm.min() > 0


def test_two_names_for_one_logit_are_the_probability_of_the_second():
    network, image = made(ends_in(classes=1)), picture()
    p = float(network(image).detach().sigmoid())
    found = {one.label: one.probability for one in analyze(network, image).predictions(("a", "b"))}
    assert found == {"a": pytest.approx(1 - p), "b": pytest.approx(p)}


def embedded(_output):
    return torch.nn.functional.cosine_similarity(_output, torch.ones(1, 3))


class WithTwo(nets.Framed):
    def __init__(self):
        super().__init__(nets.Added())

    def forward(self, x):
        return super().forward(x), x


#: A network, its inputs, and a target function.
FUNCTIONS = [
    ("segmentation", nets.Segmenting, 1, lambda out: out["out"][:, 1].mean((1, 2))),
    ("one pixel", nets.Segmenting, 1, lambda out: out["out"][:, 2, 3, 3]),
    ("embedding", nets.plain, 1, embedded),
    ("difference of classes", nets.plain, 1, lambda out: out[:, 1] - out[:, 0]),
    ("minus a class", nets.plain, 1, lambda out: -out[:, 1]),
    ("probability", nets.plain, 1, lambda out: out.softmax(1)[:, 1]),
    ("tuple", WithTwo, 1, lambda out: out[0][:, 1]),
    ("two inputs", nets.Siamese, 2, lambda out: out[:, 0]),
]


@pytest.mark.parametrize("method", ["grad-cam", "integrated-gradients", "score-cam", "occlusion"])
@pytest.mark.parametrize(
    ("make", "inputs", "function"), [row[1:] for row in FUNCTIONS],
    ids=[row[0] for row in FUNCTIONS],
)  # fmt: skip
def test_a_target_function_is_explained_and_measured(make, inputs, function, method):
    network = made(make)
    image = picture() if inputs == 1 else (picture(), picture().flip(3))
    first = picture() if inputs == 1 else image[0]
    options = {"steps": 8} if method == "integrated-gradients" else {}
    layer = "part#1" if inputs == 2 else None
    found = explain(network, image, method, target=function, layer=layer, options=options)
    assert found.target is None
    assert found.map.any() or found.blank is not None
    if method == "integrated-gradients":
        rest = () if inputs == 1 else (image[1],)
        gap = (function(network(first, *rest)) - function(network(first * 0, *rest))).detach()
        assert found.completeness.difference == pytest.approx(float(gap), rel=1e-3, abs=1e-5)
    if method == "grad-cam":
        scores = list(faithfulness(network, image, found, target=function, measures=CHEAP))
        assert len(scores) == 8
        right = function(network(*(image if inputs == 2 else (image,)))).detach()
        assert scores[0].values[0] == pytest.approx(float(right), rel=1e-4)


@pytest.mark.parametrize("inputs", [2])
def test_classes_of_a_network_with_two_inputs(inputs):
    network, pair = made(nets.Siamese), (picture(), picture().flip(3))
    analysis = analyze(network, pair, target=1)
    assert {"part#1", "part#2"} <= set(analysis.cams)
    found = explain(network, pair, "input-x-gradient", target=1)
    leaf = pair[0].clone().requires_grad_()
    slope = torch.autograd.grad(network(leaf, pair[1])[0, 1], leaf)[0]
    np.testing.assert_allclose(found.attributions, (slope * leaf)[0].detach(), rtol=1e-4, atol=1e-6)


def test_what_does_not_fit_together_is_one_sentence():
    network, image = made(nets.plain), picture()
    function = explain(network, image, "saliency", target=embedded)
    with pytest.raises(TargetError, match="same function"):
        list(faithfulness(network, image, function))
    with pytest.raises(TargetError, match="inside the function"):
        explain(network, image, target=embedded, against=1)
    curve = explain(network, image, "saliency", target=embedded, activation="softmax")
    with pytest.raises(TargetError, match="no softmax"):
        list(faithfulness(network, image, curve, target=embedded))
    with pytest.raises(OptionError, match="softmax, sigmoid, none"):
        explain(network, image, activation="tanh")
    with pytest.raises(TargetError, match="not between 0 and 1"):
        analyze(network, image * 1e4, target=0, score="loss", activation="none")
