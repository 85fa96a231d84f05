"""Run a function of tensors that keep their place in memory, again and again.

On CUDA the function is captured once as a graph and replayed on a stream of its own: one launch
instead of hundreds, and the graphs of several networks run beside each other. Elsewhere it is
called. The function must not read a tensor on the host, and what changes from one run to the next
(position, learning rate) must be in tensors, because a graph repeats what it saw.
"""

import gc
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch
from torch import Tensor

_WARM_UP = 3  # runs before a capture: memory is allocated and convolutions are chosen in them
_AHEAD = 4  # replays that wait on the device; more only delays a stop
_CONNECTIONS = "32"  # hardware queues, the most there are; with the usual 8, streams share one


class Engine:
    """Runs the steps of one network in order. This one calls them."""

    def stream(self) -> AbstractContextManager[object]:
        """Context in which everything else that concerns the network has to run."""
        return nullcontext()

    def repeatable(
        self,
        step: Callable[[], None],
        changed: Sequence[Tensor],  # noqa: ARG002  # nothing runs before the first call
    ) -> Callable[[], None]:
        """Return a function that does what ``step`` does.

        ``changed`` is everything that ``step`` writes to. It is the same afterwards, even if
        ``step`` had to be run.
        """
        return step

    def finish(self) -> None:
        """Wait until everything has been computed."""


class GraphEngine(Engine):
    """Replays each step as a CUDA graph, on a stream and with memory of its own.

    The graphs of one engine share memory, which is safe because they never run at the same time and
    keep no value in it. Warm-up and capture use one stream, so that cuBLAS' workspace, of which
    there is one for each stream, is never shared with another network.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.own = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self.pool = torch.cuda.graph_pool_handle()
        self.waiting: deque[torch.cuda.Event] = deque()

    def stream(self) -> AbstractContextManager[object]:
        return torch.cuda.stream(self.own)

    def repeatable(self, step: Callable[[], None], changed: Sequence[Tensor]) -> Callable[[], None]:
        torch.cuda.synchronize(self.device)
        with self.stream():
            kept = [tensor.detach().clone() for tensor in changed]
            for _ in range(_WARM_UP):
                step()
                restore(changed, kept)
            torch.cuda.synchronize(self.device)
        graph = torch.cuda.CUDAGraph()
        with _no_collection(), torch.cuda.graph(graph, pool=self.pool, stream=self.own):
            step()
        with self.stream():
            restore(changed, kept)
            torch.cuda.synchronize(self.device)

        def replay() -> None:
            while len(self.waiting) >= _AHEAD:
                self.waiting.popleft().synchronize()
            with self.stream():
                graph.replay()
                self.waiting.append(self.own.record_event())

        return replay

    def finish(self) -> None:
        """Wait for the stream."""
        self.own.synchronize()
        self.waiting.clear()


@contextmanager
def _no_collection() -> Iterator[None]:
    """Context in which no cycle is collected: a graph that is freed would break a capture."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@torch.no_grad()
def restore(tensors: Sequence[Tensor], values: Sequence[Tensor]) -> None:
    """Copy values into tensors, which keep their place."""
    for tensor, value in zip(tensors, values, strict=True):
        tensor.copy_(value)


def engine_for(device: torch.device) -> Engine:
    """Return an engine that is right for a device."""
    return GraphEngine(device) if device.type == "cuda" else Engine()


def prepare_device(device: torch.device) -> None:
    """Let many streams run at once, and let cuDNN measure which convolutions are the fastest.

    Call it before anything uses the device.
    """
    if device.type == "cuda":
        os.environ.setdefault("CUDA_DEVICE_MAX_CONNECTIONS", _CONNECTIONS)
        torch.backends.cudnn.benchmark = True


def wait_for(device: torch.device) -> None:
    """Wait until everything on a device has been computed."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
