"""CUDA graphs on a CPU: operations are recorded, and repeated on the same tensors.

Like a graph, a replay repeats every number that the host had decided. What cannot be captured, such
as reading a tensor on the host, is refused.
"""

from contextlib import nullcontext

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

#: They read tensors on the host, or their results' shape depends on values.
FORBIDDEN = ("_local_scalar_dense", "nonzero", "masked_select", "unique", "equal", "lift_fresh")


class RecordedGraph(TorchDispatchMode):
    """Stands for ``torch.cuda.CUDAGraph`` and, as a context, for its capture."""

    replays = 0

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
        RecordedGraph.replays += 1
        for function, args, kwargs, result in self.operations:
            again = function(*args, **kwargs)
            for old, new in zip(tree_leaves(result), tree_leaves(again), strict=True):
                if isinstance(old, torch.Tensor) and old.data_ptr() != new.data_ptr():
                    old.copy_(new)


class Stream:
    def __init__(self, device):
        self.recorded, self.waited = 0, 0

    def record_event(self):
        self.recorded += 1
        return self

    def synchronize(self):
        self.waited += 1


def replace_cuda(monkeypatch):
    """Let what ``GraphEngine`` asks of CUDA be done on the CPU."""
    for name, value in {
        "Stream": Stream,
        "stream": lambda stream: nullcontext(),
        "synchronize": lambda device: None,
        "graph_pool_handle": object,
        "CUDAGraph": RecordedGraph,
        "graph": lambda graph, pool, stream: graph,
    }.items():
        monkeypatch.setattr(torch.cuda, name, value)
    monkeypatch.setattr(RecordedGraph, "replays", 0)
