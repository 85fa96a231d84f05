"""An engine that repeats recorded operations: what a CUDA graph does, on a CPU.

Each operation is recorded with the tensors that it got, and run again with the same tensors. Like
a graph, it repeats every number that the host had decided, and refuses to read tensors on the host.
"""

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from resnet_viz.training.captured_step import Engine, restore

#: They read tensors on the host, or their results' shape depends on values.
FORBIDDEN = ("_local_scalar_dense", "nonzero", "masked_select", "unique", "equal", "lift_fresh")
WARM_UP = 2


class RecordedGraph(TorchDispatchMode):
    def __init__(self):
        super().__init__()
        self.operations = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        name = function.overloadpacket.__name__
        assert name not in FORBIDDEN, f"{name} cannot be captured"
        result = function(*args, **(kwargs or {}))
        self.operations.append((function, args, kwargs or {}, result))
        return result

    @torch.no_grad()
    def replay(self):
        for function, args, kwargs, result in self.operations:
            again = function(*args, **kwargs)
            for old, new in zip(tree_leaves(result), tree_leaves(again), strict=True):
                if isinstance(old, torch.Tensor) and old.data_ptr() != new.data_ptr():
                    old.copy_(new)


class RecordingEngine(Engine):
    def __init__(self, device):
        self.replays = 0

    def repeatable(self, step, changed):
        kept = [tensor.detach().clone() for tensor in changed]
        for _ in range(WARM_UP):
            step()
            restore(changed, kept)
        graph = RecordedGraph()
        with graph:
            step()
        restore(changed, kept)

        def replay():
            self.replays += 1
            graph.replay()

        return replay
