"""captum's methods at the input, each by one row of a table, on a copy where they need hooks.

The baseline is zero in the normalised image: the mean colour of the training set.
"""

import copy
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from resnet_viz.core.errors import NetworkError
from resnet_viz.explain.methods import Family, Method
from resnet_viz.explain.scored_image import ScoredImage, ScoredNetwork
from resnet_viz.probe.capture import capture
from resnet_viz.probe.isolation import untouched
from resnet_viz.records.explanation import Completeness

#: captum draws from the process's random state and warns; one at a time puts both back.
_one_at_a_time = threading.RLock()

_NOISE_NUMBERS = 300_000  # of noisy images at once: part of the result, so never the machine's
_NOISE_IMAGES = 16

_COMPLETE = ("integrated-gradients", "deep-lift")
_SINGLE_USE = ("deep-lift", "lrp")  # their rules need each module's own input


@dataclass(frozen=True)
class _Call:
    """What captum is called with: the images, all options, and how many images run at once."""

    images: Tensor
    options: Mapping[str, float]
    chunk: int

    def number(self, name: str) -> int:
        return int(self.options[name])


def attribute(
    given: ScoredImage, method: Method, options: Mapping[str, float], images: Tensor, seed: int = 0
) -> Float[Tensor, "batch channel height width"]:
    """The raw attributions of each image to the score.

    ``images`` are those of the subject, or variants of it. Raises ``NetworkError`` where a method
    does not work with a network.
    """
    scored = _hookable(given, method) if method.hooks else given.scored
    call = _Call(images.detach().clone().requires_grad_(), options, given.chunk)
    with (
        _one_at_a_time,
        torch.inference_mode(False),
        torch.enable_grad(),
        untouched(scored.network, needs_gradients=False),
        torch.random.fork_rng(),
        _numpy_seed(seed),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")  # that hooks are set, on our own copy
        torch.manual_seed(seed)
        try:
            found = _call(method, scored, call)
        except (RuntimeError, AssertionError, TypeError, AttributeError) as error:
            if "no rule defined" in str(error):
                raise NetworkError("explain_no_rule") from error
            raise NetworkError(
                "explain_failed", method=method.name, reason=_first(error)
            ) from error
    return found.detach().to(images.dtype)


@contextmanager
def _numpy_seed(seed: int) -> Iterator[None]:
    """NumPy's random state, from which captum draws too, put back afterwards."""
    before = np.random.get_state()  # captum uses no other
    np.random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(before)


def to_map(
    method: Method, attributions: Float[np.ndarray, "batch c h w"]
) -> Float[np.ndarray, "batch h w"]:
    """One value a pixel: the sum over channels.

    Saliency: the largest (Simonyan 2013, sec. 3.1); perturbations change all channels at once and
    give each the same value, so that one is taken.
    """
    if method.family is Family.PERTURBATION:
        return attributions[:, 0]
    return np.asarray(attributions.max(1) if method.name == "saliency" else attributions.sum(1))


def completeness(
    given: ScoredImage, method: Method, options: Mapping[str, float], attributions: Tensor
) -> Completeness | None:
    """Sum of attributions beside f(x) - f(0), for the methods that promise them to be equal."""
    if method.name not in _COMPLETE or options.get("smooth_samples"):
        return None
    with torch.no_grad(), untouched(given.network, needs_gradients=False):
        at_zero = given.scored(torch.zeros_like(given.image))[0]
    return Completeness(float(attributions.sum()), given.score - float(at_zero))


def superpixels(height: int, width: int, cells: int) -> Int64[Tensor, "1 1 height width"]:
    """Squares as superpixels: each pixel's number, ``cells`` along a side."""
    rows = torch.arange(height) * min(cells, height) // height
    columns = torch.arange(width) * min(cells, width) // width
    return (rows[:, None] * min(cells, width) + columns)[None, None]


def _call(method: Method, scored: ScoredNetwork, call: _Call) -> Tensor:
    from captum import attr

    made = getattr(attr, _CLASSES[method.name])(scored)
    if method.name == "gradient-shap":
        return _in_parts(made, call)
    own = _ARGUMENTS.get(method.name)
    arguments = {} if own is None else own(call)
    if not call.options.get("smooth_samples"):
        found: Tensor = made.attribute(call.images, **arguments)
        return found
    spread = float(call.images.max() - call.images.min())
    tunnel: Any = attr.NoiseTunnel
    smoothed: Tensor = tunnel(made).attribute(
        call.images,
        nt_type="smoothgrad",
        nt_samples=call.number("smooth_samples"),
        nt_samples_batch_size=_noisy_at_once(call.images),
        stdevs=call.options["smooth_deviation"] * spread,
        **arguments,
    )
    return smoothed


def _noisy_at_once(images: Tensor) -> int:
    return max(1, min(_NOISE_IMAGES, _NOISE_NUMBERS // images.numel()))


def _in_parts(made: Any, call: _Call) -> Tensor:  # noqa: ANN401  # captum's GradientShap
    """The mean over all samples, a few of them at a time; captum would run all at once."""
    samples, most = call.number("samples"), _noisy_at_once(call.images)
    spread = float(call.images.detach().max() - call.images.detach().min())
    total = torch.zeros_like(call.images)
    for start in range(0, samples, most):
        count = min(most, samples - start)
        part = made.attribute(
            call.images,
            baselines=torch.zeros_like(call.images[:1]),
            n_samples=count,
            stdevs=call.options["deviation"] * spread,
        )
        total = total + part.detach() * (count / samples)
    return total


def _hookable(given: ScoredImage, method: Method) -> ScoredNetwork:
    """A copy with its ReLUs out of place, or a refusal where hooks would not see every ReLU."""
    network = copy.deepcopy(given.network)
    names = [name for name, module in network.named_modules() if isinstance(module, nn.ReLU)]
    for name in names:
        relu = network.get_submodule(name)
        assert isinstance(relu, nn.ReLU)
        relu.inplace = False
    if not names:
        raise NetworkError("explain_no_relu", method=method.name)
    with torch.enable_grad(), untouched(network, needs_gradients=False):
        ran = capture(network, given.image.clone().requires_grad_(), names)
    reused = sorted({name.partition("#")[0] for name in ran.values if "#" in name})
    if reused and method.name in _SINGLE_USE:
        raise NetworkError("explain_reused", method=method.name, name=reused[0])
    calls = len({id(value.grad_fn) for value in ran.values.values()})
    if isinstance(ran.output, Tensor) and _relus(ran.output) > calls:
        raise NetworkError("explain_functional", method=method.name)
    return ScoredNetwork(network, given.scored.target, given.scored.against)


def _relus(output: Tensor) -> int:
    """How many ReLUs the autograd graph behind a tensor has."""
    seen: set[Any] = set()
    waiting: list[Any] = [output.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is not None and node not in seen:
            seen.add(node)
            waiting += [parent for parent, _ in node.next_functions]
    return sum(str(node.name()).startswith("ReluBackward") for node in seen)


def _first(error: Exception) -> str:
    """The first line of what captum says, as an aside in a sentence."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")[:120]


def _window(call: _Call) -> dict[str, Any]:
    channels, height, width = call.images.shape[1:]
    window = [max(1, round(call.options["window"] * side)) for side in (height, width)]
    stride = [max(1, round(call.options["stride"] * side)) for side in (height, width)]
    stride = [min(step, side) for step, side in zip(stride, window, strict=True)]
    return {
        "sliding_window_shapes": (channels, *window),
        "strides": (channels, *stride),
        "perturbations_per_eval": call.chunk,
    }


def _cells(call: _Call) -> dict[str, Any]:
    height, width = call.images.shape[2:]
    mask = superpixels(height, width, call.number("cells")).to(call.images.device)
    return {"feature_mask": mask, "perturbations_per_eval": call.chunk}


def _integrated(call: _Call) -> dict[str, Any]:
    return {"n_steps": call.number("steps"), "internal_batch_size": call.chunk}


def _sampled(call: _Call) -> dict[str, Any]:
    return {**_cells(call), "n_samples": call.number("samples")}


_CLASSES: Mapping[str, str] = {
    "saliency": "Saliency",
    "input-x-gradient": "InputXGradient",
    "integrated-gradients": "IntegratedGradients",
    "guided-backprop": "GuidedBackprop",
    "deconvolution": "Deconvolution",
    "deep-lift": "DeepLift",
    "gradient-shap": "GradientShap",
    "lrp": "LRP",
    "occlusion": "Occlusion",
    "feature-ablation": "FeatureAblation",
    "kernel-shap": "KernelShap",
    "lime": "Lime",
}

_ARGUMENTS: Mapping[str, Callable[[_Call], dict[str, Any]]] = {
    "integrated-gradients": _integrated,
    "occlusion": _window,
    "feature-ablation": _cells,
    "kernel-shap": _sampled,
    "lime": _sampled,
}
