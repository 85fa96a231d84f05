"""A residual network and its plain twin on one picture: load both, analyse both, one record."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import UInt8

from resnet_viz.checkpoints.bundled import bundled_names, load_bundled
from resnet_viz.checkpoints.fresh import load_fresh
from resnet_viz.checkpoints.load import fill, load_checkpoint
from resnet_viz.checkpoints.loaded import LoadedNetwork, WeightSource
from resnet_viz.checkpoints.pretrained import load_pretrained
from resnet_viz.errors import OptionError, close_matches
from resnet_viz.images import preprocessing_for, seen, to_batch
from resnet_viz.networks.catalog import TORCHVISION_WEIGHTS
from resnet_viz.pictures import Picture
from resnet_viz.probe.analysis import analyze
from resnet_viz.probe.capture import default_layers, layer_names
from resnet_viz.records import Analysis, Pair, Score
from resnet_viz.samples import sample_batch
from resnet_viz.spec import RESIDUAL_PRESETS, Kind, NetworkSpec


@dataclass(frozen=True)
class WeightChoice:
    """Which weights a pair gets. ``plain`` says what stands in where no trained plain twin is."""

    source: WeightSource
    seed: int = 0  # of random weights
    path: Path | None = None  # of a file
    plain: WeightSource = WeightSource.LESION  # or RANDOM; for pretrained weights


@dataclass(frozen=True)
class Side:
    """One network of a comparison with all that was measured on it.

    ``analysis`` holds every named value of one image; ``main_layers`` are its convolutions,
    blocks and head.
    """

    spec: NetworkSpec
    source: WeightSource
    weights: str
    classes: tuple[str, ...]
    analysis: Analysis
    main_layers: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """Both networks on one picture. ``seen`` is the picture as the networks see it."""

    picture: Picture
    seen: UInt8[np.ndarray, "size size 3"]
    sides: Pair[Side]


def twin_names(name: str) -> Pair[str]:
    """The preset names of a residual network and its plain twin; either may be given."""
    residual = name.replace("plain", "resnet")
    if residual not in RESIDUAL_PRESETS:
        known = close_matches(name, list(RESIDUAL_PRESETS), count=10)
        raise OptionError("option_unknown", option="network", value=name, known=known)
    return Pair(residual, NetworkSpec.preset(residual).plain().name)


def weight_sources(name: str) -> tuple[WeightSource, ...]:
    """What weights there are for a pair, the best first."""
    names = twin_names(name)
    available = []
    if {names.residual, names.plain} <= set(bundled_names()):
        available.append(WeightSource.BUNDLED)
    if names.residual in TORCHVISION_WEIGHTS:
        available.append(WeightSource.PRETRAINED)
    return (*available, WeightSource.RANDOM)


def load_pair(name: str, choice: WeightChoice, device: str = "cpu") -> Pair[LoadedNetwork]:
    """Both twins with their weights, in evaluation mode, on ``device``."""
    names = twin_names(name)
    match choice.source:
        case WeightSource.BUNDLED:
            pair = names.map(load_bundled)
        case WeightSource.RANDOM:
            pair = names.map(lambda twin: _fresh(twin, choice.seed))
        case WeightSource.FILE:
            pair = _from_file(names, choice)
        case _:
            residual = load_pretrained(names.residual)
            plain = _fresh(names.plain, choice.seed)
            if choice.plain is WeightSource.LESION:
                plain = lesion(residual)
            pair = Pair(residual, plain)
    for loaded in (pair.residual, pair.plain):
        loaded.network.to(device)
    return pair


def lesion(loaded: LoadedNetwork) -> LoadedNetwork:
    """The same weights with every shortcut cut (Veit 2016, arXiv 1605.06431, sec. 4.1)."""
    spec = loaded.network.spec.plain()
    weights = loaded.network.state_dict()
    kept = {key: value for key, value in weights.items() if ".downsample." not in key}
    return replace(
        loaded,
        network=fill(spec, kept, spec.name),
        source=WeightSource.LESION,
        weights=WeightSource.LESION.value,
    )


def compare(
    pair: Pair[LoadedNetwork],
    picture: Picture,
    *,
    target: int | None = None,
    score: Score = Score.LOGIT,
) -> Comparison:
    """Analyse both networks on one picture; ``target`` None is each network's own top class."""
    preprocessing = pair.residual.preprocessing
    pixels = seen(picture, preprocessing)

    def side(loaded: LoadedNetwork) -> Side:
        batch = to_batch([pixels], loaded.preprocessing)
        network = loaded.network
        analysis = analyze(
            network,
            batch.to(next(network.parameters()).device),
            target=target,
            layers=layer_names(network),
            score=score,
            parameters=True,
        )
        return Side(
            spec=network.spec,
            source=loaded.source,
            weights=loaded.weights,
            classes=loaded.classes,
            analysis=analysis,
            main_layers=tuple(default_layers(network)),
        )

    return Comparison(picture, pixels, pair.map(side))


def devices() -> list[str]:
    """Devices of this machine, the best first."""
    found = [("cuda", torch.cuda.is_available()), ("mps", torch.backends.mps.is_available())]
    return [name for name, there in found if there] + ["cpu"]


def _fresh(name: str, seed: int) -> LoadedNetwork:
    spec = NetworkSpec.preset(name)
    return load_fresh(spec, seed, sample_batch(preprocessing_for(spec)))


def _from_file(names: Pair[str], choice: WeightChoice) -> Pair[LoadedNetwork]:
    if choice.path is None:
        raise OptionError("option_unknown", option="weights", value="file", known="FILE")
    loaded = load_checkpoint(choice.path, NetworkSpec.preset(names.residual))
    if loaded.network.spec.kind is Kind.RESIDUAL:
        return Pair(loaded, lesion(loaded))
    raise OptionError("weights_plain", name=loaded.weights)
