"""Methods that captum computes, at the input; on a copy where they need hooks.

The baseline is zero in the normalised image: the mean colour of the training set.
"""

import copy
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.autograd.graph import Node

from resnet_viz.core.errors import NetworkError
from resnet_viz.explain.method_options import Options
from resnet_viz.explain.raw_map import MapInSteps, PassesDone, RawMap
from resnet_viz.explain.scored_image import ScoredImage, ScoredNetwork
from resnet_viz.probe.capture import capture
from resnet_viz.probe.isolation import untouched
from resnet_viz.records.explanation import Completeness

if TYPE_CHECKING:
    from captum.attr import Attribution

#: captum changes the random state and the warning filters of the process: one call at a time.
_one_at_a_time = threading.RLock()

_NOISY_NUMBERS = 300_000  # of noisy images in a batch; fixed, because the result depends on it
_NOISY_IMAGES = 16

_Attributions = Float[np.ndarray, "channel height width"]


class Networks(StrEnum):
    """Which networks a method works with; each member includes the demands of those above."""

    ANY = "any"
    RELU_MODULES = "relu_modules"  # every ReLU is an ``nn.ReLU``, so that hooks can change it
    MODULES_RUN_ONCE = "modules_run_once"  # a rule needs each module's only input
    WITHOUT_ADDITIONS = "without_additions"  # there is no rule for a shortcut


@dataclass(frozen=True, eq=False)
class CaptumCall:
    """The input of a call: the image, all options, and how many images run at once."""

    image: Tensor  # (1, channel, height, width), requires gradients
    options: Options
    batch_size: int

    def whole(self, option: str) -> int:
        """An option that is a whole number."""
        return int(self.options[option])

    @property
    def spread(self) -> float:
        """The image's largest value minus its smallest, of which noise is a share."""
        values = self.image.detach()
        return float(values.max() - values.min())

    @property
    def noisy_images(self) -> int:
        """How many noisy images run at once."""
        return max(1, min(_NOISY_IMAGES, _NOISY_NUMBERS // self.image.numel()))


def channel_sum(attributions: _Attributions) -> Float[np.ndarray, "height width"]:
    """The sum over channels."""
    return np.asarray(attributions.sum(0))


def largest_channel(attributions: _Attributions) -> Float[np.ndarray, "height width"]:
    """The largest over channels (Simonyan 2013, sec. 3.1)."""
    return np.asarray(attributions.max(0))


def first_channel(attributions: _Attributions) -> Float[np.ndarray, "height width"]:
    """One channel: perturbations change all of them at once and give each the same value."""
    return np.asarray(attributions[0])


def _no_arguments(_call: CaptumCall) -> Mapping[str, object]:
    return {}


@dataclass(frozen=True)
class CaptumMethod:
    """One of captum's classes as a method at the input: a row's ``run``.

    ``arguments`` are passed to its ``attribute``; ``to_map`` makes one value per pixel of its
    attributions. The attributions of a ``complete`` method add up to f(x) - f(0).
    """

    name: str  # in error sentences
    captum_class: str
    arguments: Callable[[CaptumCall], Mapping[str, object]] = _no_arguments
    to_map: Callable[[_Attributions], Float[np.ndarray, "height width"]] = channel_sum
    networks: Networks = Networks.ANY
    complete: bool = False

    def __call__(self, scored: ScoredImage, options: Options) -> MapInSteps:
        """The map of the image and its attributions."""
        yield PassesDone(0, 1)
        attributions = self.attributions(scored, options)
        values = attributions[0].cpu().numpy()
        complete = self.complete and not options.get("smooth_samples")
        return RawMap(
            self.to_map(values),
            vanishes=not values.any(),
            attributions=values,
            completeness=_completeness(scored, attributions) if complete else None,
        )

    def attributions(
        self, scored: ScoredImage, options: Options
    ) -> Float[Tensor, "1 channel height width"]:
        """Captum's attribution of the score to each number of the image, unscaled.

        Raises ``NetworkError`` if the method does not work with the network.
        """
        hooked = self.networks is not Networks.ANY
        network = self._with_hookable_relus(scored) if hooked else scored.scored_network
        image = scored.image.detach().clone().requires_grad_()
        call = CaptumCall(image, options, scored.batch_size)
        with (
            _one_at_a_time,
            torch.inference_mode(False),
            torch.enable_grad(),
            untouched(network.network, needs_gradients=False),
            torch.random.fork_rng(),
            _numpy_seed(scored.seed),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")  # hooks are set on our own copy
            torch.manual_seed(scored.seed)
            from captum import attr

            try:
                attributions = self._attribute(getattr(attr, self.captum_class)(network), call)
            except (RuntimeError, AssertionError, TypeError, AttributeError) as error:
                if "no rule defined" in str(error):
                    raise NetworkError("explain_no_rule") from error
                reason = _first_line(error)
                raise NetworkError("explain_failed", method=self.name, reason=reason) from error
        return attributions.detach().to(scored.image.dtype)

    def _attribute(self, algorithm: "Attribution", call: CaptumCall) -> Tensor:
        """Captum's attributions; with ``smooth_samples``, their mean over noisy images."""
        arguments = self.arguments(call)
        if not call.options.get("smooth_samples"):
            plain: Tensor = algorithm.attribute(call.image, **arguments)
            return plain
        from captum.attr import NoiseTunnel

        smooth: Tensor = NoiseTunnel(algorithm).attribute(
            call.image,
            nt_type="smoothgrad",
            nt_samples=call.whole("smooth_samples"),
            nt_samples_batch_size=call.noisy_images,
            stdevs=call.options["smooth_deviation"] * call.spread,
            **arguments,
        )
        return smooth

    def _with_hookable_relus(self, scored: ScoredImage) -> ScoredNetwork:
        """A copy without in-place ReLUs; ``NetworkError`` if hooks would miss a ReLU."""
        network = copy.deepcopy(scored.network)
        relus = {n: m for n, m in network.named_modules() if isinstance(m, nn.ReLU)}
        for relu in relus.values():
            relu.inplace = False
        if not relus:
            raise NetworkError("explain_no_relu", method=self.name)
        with torch.enable_grad(), untouched(network, needs_gradients=False):
            ran = capture(network, scored.image.clone().requires_grad_(), list(relus))
        reused = sorted({name.partition("#")[0] for name in ran.values if "#" in name})
        if reused and self.networks is not Networks.RELU_MODULES:
            raise NetworkError("explain_reused", method=self.name, name=reused[0])
        calls = len({id(value.grad_fn) for value in ran.values.values()})
        if isinstance(ran.output, Tensor) and _relu_count(ran.output) > calls:
            raise NetworkError("explain_functional", method=self.name)
        known = scored.scored_network
        return ScoredNetwork(network, known.target, known.against)


class GradientShap(CaptumMethod):
    """GradientSHAP in batches; captum runs all samples at once."""

    def _attribute(self, algorithm: "Attribution", call: CaptumCall) -> Tensor:
        samples = call.whole("samples")
        total = torch.zeros_like(call.image)
        for start in range(0, samples, call.noisy_images):
            count = min(call.noisy_images, samples - start)
            mean = algorithm.attribute(
                call.image,
                baselines=torch.zeros_like(call.image),
                n_samples=count,
                stdevs=call.options["deviation"] * call.spread,
            )
            total = total + mean.detach() * (count / samples)
        return total


def integral_steps(call: CaptumCall) -> Mapping[str, object]:
    """The path integral in ``steps`` steps."""
    return {"n_steps": call.whole("steps"), "internal_batch_size": call.batch_size}


def sliding_window(call: CaptumCall) -> Mapping[str, object]:
    """A window over all channels; ``window`` and ``stride`` are shares of the sides."""
    channels, height, width = call.image.shape[1:]
    window = [max(1, round(call.options["window"] * side)) for side in (height, width)]
    stride = [max(1, round(call.options["stride"] * side)) for side in (height, width)]
    stride = [min(step, side) for step, side in zip(stride, window, strict=True)]
    return {
        "sliding_window_shapes": (channels, *window),
        "strides": (channels, *stride),
        "perturbations_per_eval": call.batch_size,
    }


def superpixel_cells(call: CaptumCall) -> Mapping[str, object]:
    """Square superpixels, ``cells`` along a side."""
    height, width = call.image.shape[2:]
    mask = superpixels(height, width, call.whole("cells")).to(call.image.device)
    return {"feature_mask": mask, "perturbations_per_eval": call.batch_size}


def superpixel_samples(call: CaptumCall) -> Mapping[str, object]:
    """The same superpixels, with ``samples`` random subsets of them."""
    return {**superpixel_cells(call), "n_samples": call.whole("samples")}


def superpixels(height: int, width: int, cells: int) -> Int64[Tensor, "1 1 height width"]:
    """The number of each pixel's square, at most ``cells`` of them along a side."""
    rows = torch.arange(height) * min(cells, height) // height
    columns = torch.arange(width) * min(cells, width) // width
    return (rows[:, None] * min(cells, width) + columns)[None, None]


def _completeness(scored: ScoredImage, attributions: Tensor) -> Completeness:
    """The sum of the attributions, and f(x) - f(0)."""
    with torch.no_grad(), untouched(scored.network, needs_gradients=False):
        at_zero = scored.scored_network(torch.zeros_like(scored.image))[0]
    return Completeness(float(attributions.sum()), scored.score - float(at_zero))


@contextmanager
def _numpy_seed(seed: int) -> Iterator[None]:
    """Seed NumPy's global random state, which captum uses, and restore it afterwards."""
    before = np.random.get_state()
    np.random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(before)


def _relu_count(output: Tensor) -> int:
    """Number of ReLUs in the autograd graph of a tensor."""
    seen: set[Node] = set()
    waiting = [output.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is not None and node not in seen:
            seen.add(node)
            waiting += [parent for parent, _ in node.next_functions]
    return sum(node.name().startswith("ReluBackward") for node in seen)


def _first_line(error: Exception) -> str:
    """The first line of captum's message, for use in brackets."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")[:120]
