"""``candidates``: the networks that a file's tensors fit, by shape and order, whatever their names.

Every spec that the shapes allow is a candidate; its plan is compared with the file tensor by
tensor. Shapes do not tell a plain network from one with option A shortcuts, where its zero channels
are, which convolution of a bottleneck has the stride, nor always where the normalisation is;
``fits`` decides between such candidates.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from resnet_viz.checkpoints.identifying.file_specs import possible_specs
from resnet_viz.checkpoints.identifying.heads import Head, HeadKind, tops
from resnet_viz.checkpoints.identifying.named_modules import (
    ModuleKind,
    NamedModule,
    modules,
    orderings,
)
from resnet_viz.checkpoints.identifying.roles import (
    Skeleton,
    planned,
    skeleton,
    without_statistics,
)
from resnet_viz.spec import NetworkSpec, Norm

#: What a network without these tensors computes: no bias, a scale of one, statistics that do
#: nothing.
_DEFAULTS = {"bias": 0.0, "weight": 1.0, "running_mean": 0.0, "running_var": 1.0}


@dataclass(frozen=True, eq=False)
class Candidate:
    """A spec, and how the file's tensors map to its own.

    Parameters
    ----------
    spec
        The network that the file may belong to.
    keys
        The file's names by ours.
    matched, total
        How many of the file's tensors fit, out of how many.
    first
        The first tensor or module that does not fit; None if all do.
    head
        The file's head.
    absent
        Our tensors that the file may lack, with their shapes: biases, scales, statistics.
    aside
        Tensors of the file that are beside the body, and that the network does not have.

    """

    spec: NetworkSpec
    keys: Mapping[str, str]
    matched: int
    total: int
    first: str | None
    head: Head
    absent: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    aside: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether every tensor of the file's body and of the network is matched."""
        return self.first is None

    @property
    def has_statistics(self) -> bool:
        """Whether the file has the running statistics of batch normalisation."""
        missing = any(name.endswith("running_var") for name in self.absent)
        return self.spec.norm is Norm.BATCH and not missing

    def tensors(self, file_tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The file's tensors under our names, and values that do nothing for the absent ones."""
        found = {own: file_tensors[key] for own, key in self.keys.items()}
        for own, value in found.items():
            if ".se.fc" in own and value.ndim == 2:  # a linear layer
                found[own] = value[:, :, None, None]
        for own, shape in self.absent.items():
            found[own] = torch.full(shape, _DEFAULTS[own.rpartition(".")[2]])
        if self.head.layer is None:
            found["fc.weight"] = torch.eye(self.spec.classes)
        elif found["fc.weight"].ndim > 2:
            found["fc.weight"] = found["fc.weight"].flatten(1)
        return found


def candidates(tensors: Mapping[str, Tensor]) -> list[Candidate]:
    """List the networks that the tensors may belong to, best match first.

    Returns
    -------
    list
        Only the complete matches if there are any, otherwise partial ones; [] if the tensors do
        not look like a residual or plain network.

    """
    file_modules = modules(tensors)
    partial: list[Candidate] = []
    for order in orderings(file_modules):
        roles = skeleton(order)
        matches = [_matched(spec, roles, tensors) for spec in possible_specs(roles)]
        if complete := [candidate for candidate in matches if candidate.whole]:
            return complete
        partial += matches
    return sorted(partial, key=lambda c: -c.matched)


def fitted(spec: NetworkSpec, tensors: Mapping[str, Tensor]) -> Candidate:
    """The best match of the tensors to a spec."""
    orders = orderings(modules(tensors))
    matches = [_matched(spec, skeleton(order), tensors) for order in orders]
    return max(matches, key=lambda candidate: (candidate.whole, candidate.matched))


def as_spec(candidate: Candidate, spec: NetworkSpec, tensors: Mapping[str, Tensor]) -> Candidate:
    """A candidate's tensors in another network with tensors of the same shapes."""
    if spec.downsample is candidate.spec.downsample:
        return replace(candidate, spec=spec)
    return fitted(spec, tensors)  # its projections have other names


def _matched(spec: NetworkSpec, roles: Skeleton, tensors: Mapping[str, Tensor]) -> Candidate:
    expected = planned(spec)
    if spec.norm is Norm.GROUP:
        expected = replace(
            expected,
            main_norms=tuple(map(without_statistics, expected.main_norms)),
            aside_norms=tuple(map(without_statistics, expected.aside_norms)),
        )
    pairing = _Pairing(tensors)
    for role in ("main", "main_norms", "aside", "aside_norms", "attention"):
        mine, theirs = getattr(expected, role), getattr(roles, role)
        for one, other in zip(mine, theirs, strict=False):
            pairing.add(one, other)
        pairing.unmatched += [m.name for m in (*mine[len(theirs) :], *theirs[len(mine) :])]
    pairing.unmatched += _lost(pairing, (*expected.main_norms, *expected.aside_norms))
    pairing.head(roles.head, spec)
    place = tops((*roles.main, *roles.aside, *roles.rest))
    inside = {place[m.name] for m in (*roles.main, *roles.aside)}
    used = {*pairing.keys.values(), *(k for m in roles.head.modules for k in m.keys.values())}
    beside = {key for m in roles.rest if "." not in m.name or place[m.name] not in inside
              for key in m.keys.values()}  # fmt: skip
    extra = [key for key in tensors if key not in used]
    aside = [key for key in extra if key in beside]
    first = next(iter([*(key for key in extra if key not in aside), *pairing.unmatched]), None)
    return Candidate(
        spec, pairing.keys, len(used), len(tensors), first, roles.head, pairing.absent,
        tuple(aside),
    )  # fmt: skip


def _lost(pairing: "_Pairing", norms: Sequence[NamedModule]) -> list[str]:
    """Tensors that some normalisations lack and others have: a network does without all or none."""
    parts = [(part, name) for norm in norms for part, name in norm.keys.items()]
    present = {part for part, name in parts if name in pairing.keys}
    return [name for part, name in parts if name in pairing.absent and part in present]


class _Pairing:
    """The tensors matched so far; each module of a network is paired with one of the file."""

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        self.tensors = tensors
        self.keys: dict[str, str] = {}
        self.absent: dict[str, tuple[int, ...]] = {}
        self.unmatched: list[str] = []

    def add(self, own: NamedModule, other: NamedModule) -> None:
        """Match the tensors of two modules; what does not fit is kept in ``unmatched``."""
        linear = other.kind is ModuleKind.LINEAR and own.kind is ModuleKind.CONVOLUTION
        if own.shape != (*other.shape, 1, 1) if linear else own.shape != other.shape:
            self.unmatched.append(other.name)
            return
        for part, name in own.keys.items():
            is_counter = part == "num_batches_tracked"
            key = other.keys.get(part)
            if key is None:
                if not is_counter and (part != "weight" or own.kind is ModuleKind.NORM):
                    self.absent[name] = own.shape[:1]
                elif not is_counter:
                    self.unmatched.append(f"{other.name}.{part}")
            elif is_counter or self.tensors[key].shape[:1] == own.shape[:1]:
                self.keys[name] = key
            else:
                self.unmatched.append(f"{other.name}.{part}")

    def head(self, head: Head, spec: NetworkSpec) -> None:
        """Match the layer of the head that is run."""
        if head.layer is None:
            self.absent["fc.bias"] = (spec.classes,)
            return
        own = planned(spec).head.layer
        assert own is not None  # a planned network has a linear head
        if head.kind is HeadKind.CONVOLUTION:
            own = replace(own, shape=(*own.shape, 1, 1))
        self.add(own, head.layer)
