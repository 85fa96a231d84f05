"""Methods that captum computes, at the input; on a copy where they need hooks.

The usual baseline is zero in the normalised image: the mean colour of the training set.
"""

import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from resnet_viz.core.errors import NetworkError
from resnet_viz.explain.captum_arguments import CaptumCall, no_arguments
from resnet_viz.explain.method_options import Options
from resnet_viz.explain.operations import ACTIVATIONS, NONLINEAR, unseen
from resnet_viz.explain.raw_map import MapInSteps, PassesDone, RawMap
from resnet_viz.explain.scored_image import ScoredImage, ScoredNetwork
from resnet_viz.probe.capture import capture
from resnet_viz.probe.isolation import copied, untouched
from resnet_viz.records.map_facts import Completeness

if TYPE_CHECKING:
    from captum.attr import Attribution

#: captum changes the random state and the warning filters of the process: one call at a time.
_one_at_a_time = threading.RLock()

_Attributions = Float[np.ndarray, "channel ..."]

#: What captum's DeepLift has a rule for, besides linear layers.
_RESCALED = (
    nn.ReLU, nn.ELU, nn.LeakyReLU, nn.Sigmoid, nn.Tanh, nn.Softplus, nn.Softmax,
    nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d,
)  # fmt: skip


class Networks(StrEnum):
    """Which networks a method works with."""

    ANY = "any"
    PROPORTIONAL = "proportional"  # linear operations and ReLU, in any form
    RELU_MODULES = "relu_modules"  # every activation is a module, so that hooks can change it
    MODULES_RUN_ONCE = "modules_run_once"  # a rule needs each module's only input


def channel_sum(attributions: _Attributions) -> Float[np.ndarray, "..."]:
    """The sum over channels."""
    return np.asarray(attributions.sum(0))


def largest_channel(attributions: _Attributions) -> Float[np.ndarray, "..."]:
    """The largest over channels (Simonyan 2013, sec. 3.1)."""
    return np.asarray(attributions.max(0))


def first_channel(attributions: _Attributions) -> Float[np.ndarray, "..."]:
    """One channel: perturbations change all of them at once and give each the same value."""
    return np.asarray(attributions[0])


@dataclass(frozen=True)
class CaptumMethod:
    """One of captum's classes as a method at the input: a row's ``run``.

    ``arguments`` are passed to its ``attribute``; ``to_map`` makes one value per pixel of its
    attributions. A method that ``compares`` has a baseline; the attributions of a ``complete`` one
    add up to the difference of the scores of image and baseline.
    """

    name: str  # in error sentences
    captum_class: str
    arguments: Callable[[CaptumCall], Mapping[str, object]] = no_arguments
    to_map: Callable[[_Attributions], Float[np.ndarray, "..."]] = channel_sum
    networks: Networks = Networks.ANY
    complete: bool = False
    compares: bool = False

    def __call__(self, scored: ScoredImage, options: Options) -> MapInSteps:
        """The map of the image and its attributions."""
        yield PassesDone(0, 1)
        attributions = self.attributions(scored, options)
        values = attributions[0].float().cpu().numpy()
        complete = self.complete and not options.get("smooth_samples")
        return RawMap(
            self.to_map(values),
            vanishes=not values.any(),
            attributions=values,
            completeness=_completeness(scored, attributions) if complete else None,
        )

    def attributions(
        self, scored: ScoredImage, options: Options
    ) -> Float[Tensor, "1 channel *sides"]:
        """Captum's attribution of the score to each number of the image, unscaled.

        A network in half precision is attributed by a copy in single precision: captum adds single
        noise, and its smallest divisors are zero in half.

        Raises ``NetworkError`` if the method does not work with the network.
        """
        scored = _in_single(scored)
        hooked = self.networks is not Networks.ANY
        network = self._with_hookable_relus(scored) if hooked else scored.scored_network
        image = scored.image.detach().clone().requires_grad_()
        baseline = scored.baseline_image if self.compares else None
        call = CaptumCall(image, options, scored.batch_size, baseline)
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
                reason = _first_line(error)
                raise NetworkError("explain_failed", method=self.name, reason=reason) from error
        return attributions.detach().to(image.dtype)

    def _attribute(self, algorithm: "Attribution", call: CaptumCall) -> Tensor:
        """Captum's attributions; with ``smooth_samples``, their mean over noisy images."""
        arguments = dict(self.arguments(call))
        if call.baseline is not None:
            arguments["baselines"] = call.baseline
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
        """A copy without in-place layers; ``NetworkError`` if hooks would miss a nonlinearity."""
        network = copied(scored.network)
        once = self.networks is Networks.MODULES_RUN_ONCE
        hooked = _RESCALED if once else (nn.ReLU,)
        for module in network.modules():
            if hasattr(module, "inplace"):
                setattr(module, "inplace", False)  # noqa: B010  # of whatever type it is
        changed = [name for name, m in network.named_modules() if isinstance(m, hooked)]
        if not changed and not once:
            raise NetworkError("explain_no_relu", method=self.name)
        seen = changed if once else _without_parts(network)
        found = scored.scored_network.on(network)
        with torch.enable_grad(), untouched(network, needs_gradients=False):
            inputs = found.inputs(scored.image.detach().clone().requires_grad_())
            ran = capture(network, inputs, seen, lenient=True)
            score = found.score_of(ran.output)
        reused = sorted({name.partition("#")[0] for name in ran.values if "#" in name})
        if reused and once:
            raise NetworkError("explain_reused", method=self.name, name=reused[0])
        known = [value.grad_fn for value in ran.values.values() if value.grad_fn is not None]
        operation = unseen(score, known, NONLINEAR if once else ACTIVATIONS)
        if operation is not None:
            raise NetworkError("explain_unseen", method=self.name, operation=operation)
        return found


class GradientShap(CaptumMethod):
    """GradientSHAP in batches; captum runs all samples at once."""

    def _attribute(self, algorithm: "Attribution", call: CaptumCall) -> Tensor:
        samples = call.whole("samples")
        total = torch.zeros_like(call.image)
        for start in range(0, samples, call.noisy_images):
            count = min(call.noisy_images, samples - start)
            mean = algorithm.attribute(
                call.image,
                baselines=call.baseline,
                n_samples=count,
                stdevs=call.options["deviation"] * call.spread,
            )
            total = total + mean.detach() * (count / samples)
        return total


def _in_single(scored: ScoredImage) -> ScoredImage:
    """The same image and network in single precision, if they are in half."""
    if scored.image.dtype not in (torch.float16, torch.bfloat16):
        return scored
    network = scored.scored_network.on(copied(scored.network).float()).float()
    network.rest = tuple(one.float() for one in network.rest)
    single = scored.baseline_image.float()
    return replace(scored, scored_network=network, image=scored.image.float(), baseline=single)


def _completeness(scored: ScoredImage, attributions: Tensor) -> Completeness:
    """The sum of the attributions, and the difference of the scores of image and baseline."""
    with torch.no_grad(), untouched(scored.network, needs_gradients=False):
        without = scored.scored_network(scored.baseline_image)[0]
    return Completeness(float(attributions.sum()), scored.score - float(without))


@contextmanager
def _numpy_seed(seed: int) -> Iterator[None]:
    """Seed NumPy's global random state, which captum uses, and restore it afterwards."""
    before = np.random.get_state()
    np.random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(before)


def _without_parts(network: nn.Module) -> list[str]:
    """Every module without parts: among them all activations that are modules."""
    return [name for name, m in network.named_modules() if name and not [*m.children()]]


def _first_line(error: Exception) -> str:
    """The first line of captum's message, for use in brackets."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")[:120]
