"""Both twins with their weights."""

from dataclasses import dataclass, replace
from pathlib import Path

from resnet_viz.checkpoints.fill import fill
from resnet_viz.checkpoints.load_file import load_checkpoint
from resnet_viz.checkpoints.loaded import LoadedNetwork
from resnet_viz.checkpoints.sources.bundled import bundled_names, load_bundled
from resnet_viz.checkpoints.sources.published import load_pretrained
from resnet_viz.checkpoints.sources.untrained import load_fresh
from resnet_viz.core.errors import CheckpointError, OptionError, SpecError, close_matches
from resnet_viz.networks.zoo.labels import TORCHVISION_WEIGHTS
from resnet_viz.pictures.preprocess import preprocessing_for
from resnet_viz.pictures.samples import sample_batch
from resnet_viz.records import Pair, WeightSource
from resnet_viz.spec import RESIDUAL_PRESETS, Kind, NetworkSpec, twin_name


@dataclass(frozen=True)
class WeightChoice:
    """Which weights a pair gets. ``plain`` says what stands in where no trained plain twin is."""

    source: WeightSource
    seed: int = 0  # of random weights
    path: Path | None = None  # of a file
    plain_path: Path | None = None  # of the trained plain twin's file; else the file's lesion
    title: str = ""  # what to call the file; else its name
    plain: WeightSource = WeightSource.LESION  # or RANDOM; for pretrained weights


def twin_names(name: str) -> Pair[str]:
    """The preset names of a residual network and its plain twin; either may be given."""
    for residual in RESIDUAL_PRESETS:
        if name in (residual, twin_name(residual)):
            return Pair(residual, twin_name(residual))
    known = close_matches(name, list(RESIDUAL_PRESETS), count=10)
    raise OptionError("option_unknown", option="network", value=name, known=known)


def preset_of_shape(spec: NetworkSpec) -> str | None:
    """The residual preset that differs from a spec in image size, channels and classes alone."""
    for name, preset in RESIDUAL_PRESETS.items():
        usual = preset.spec
        same = replace(
            spec,
            input_size=usual.input_size,
            input_channels=usual.input_channels,
            classes=usual.classes,
        )
        if same == usual:
            return name
    return None


def weight_sources(name: str) -> tuple[WeightSource, ...]:
    """What weights there are for a pair, the best first."""
    names = twin_names(name)
    available = []
    if {names.first, names.second} <= set(bundled_names()):
        available.append(WeightSource.BUNDLED)
    if names.first in TORCHVISION_WEIGHTS:
        available.append(WeightSource.PRETRAINED)
    return (*available, WeightSource.RANDOM)


def load_pair(name: str, choice: WeightChoice, device: str = "cpu") -> Pair[LoadedNetwork]:
    """Both twins with their weights, in evaluation mode, on ``device``."""
    names = twin_names(name)
    spec = NetworkSpec.preset(names.first)
    residual = load_network(spec, choice)
    pair = Pair(residual, load_twin(residual, choice))
    for loaded in (pair.first, pair.second):
        loaded.network.to(device)
    return pair


def load_network(spec: NetworkSpec, choice: WeightChoice) -> LoadedNetwork:
    """One network with its weights, in evaluation mode, on the CPU."""
    match choice.source:
        case WeightSource.BUNDLED:
            return load_bundled(spec.name)
        case WeightSource.PRETRAINED:
            return load_pretrained(spec.name)
        case WeightSource.FILE:
            if choice.path is None:
                raise OptionError("option_unknown", option="weights", value="file", known="FILE")
            return _file(choice.path, spec, choice.title)
        case _:
            return _fresh(spec, choice.seed)


def load_twin(loaded: LoadedNetwork, choice: WeightChoice) -> LoadedNetwork:
    """The plain twin of a residual network: trained where it is, else as ``choice`` says.

    Raises ``CheckpointError`` where the network is plain itself.
    """
    spec = loaded.spec.plain()
    if choice.source is WeightSource.FILE and choice.plain_path is not None:
        return _file(choice.plain_path, spec, choice.title)
    if loaded.spec.kind is Kind.PLAIN:
        raise CheckpointError("weights_plain", name=loaded.weights)
    match choice.source:
        case WeightSource.BUNDLED:
            return load_bundled(spec.name)
        case WeightSource.RANDOM:
            return _fresh(spec, choice.seed)
        case WeightSource.PRETRAINED if choice.plain is WeightSource.RANDOM:
            return _fresh(spec, choice.seed)
        case _:
            return lesion(loaded)


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


def _fresh(spec: NetworkSpec, seed: int) -> LoadedNetwork:
    if spec.input_channels not in (1, 3):
        raise SpecError("channels_picture", channels=spec.input_channels)
    return load_fresh(spec, seed, sample_batch(preprocessing_for(spec)))


def _file(path: Path, spec: NetworkSpec, title: str) -> LoadedNetwork:
    loaded = load_checkpoint(path, spec)
    return replace(loaded, weights=title or loaded.weights, path=path)
