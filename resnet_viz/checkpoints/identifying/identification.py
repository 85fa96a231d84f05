"""``Identification``: the network of a weights file, and what else the file has."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from resnet_viz.checkpoints.identifying.heads import Head
from resnet_viz.checkpoints.loaded import LoadedNetwork
from resnet_viz.checkpoints.reading.merging import Merged
from resnet_viz.checkpoints.reading.state_dict import Origin
from resnet_viz.checkpoints.running_statistics import Remeasured
from resnet_viz.core.converter import JsonObject
from resnet_viz.core.errors import CheckpointError
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.pictures.preprocess import Preprocessing
from resnet_viz.records import WeightSource
from resnet_viz.spec import NetworkSpec


@dataclass(frozen=True, eq=False)
class FileFacts:
    """What a weights file has besides the network that was read from it.

    Parameters
    ----------
    copies, copy
        Names of all sets of weights, and of the one that was read; empty for a single set.
    aside
        Names of tensors that belong to no network.
    merged
        Weights that were put together from their parts.
    head
        The head in the file; None for a file that contains its spec.
    has_statistics
        False if the running statistics of batch normalisation are missing.
    function, score
        What distinguishes the network from its rivals ("padding=split"), and how well photographs
        agree with it: its mean score ("0.12"), or right answers ("5/7").
    rivals
        The same for every network of the same kind with the same tensors and another function, by
        what distinguishes it ("padding=behind").
    open
        Those of ``rivals`` that photographs do not tell from the chosen network.
    names
        Names of all tensors that were read, in the file's order.
    keys
        The file's names of the network's tensors, by ours; empty where they are ours.
    absent
        The network's tensors that the file lacks.
    origin
        Where the tensors stand in the file.

    """

    copies: tuple[str, ...] = ()
    copy: str = ""
    aside: tuple[str, ...] = ()
    merged: tuple[Merged, ...] = ()
    head: Head | None = None
    has_statistics: bool = True
    function: str = ""
    score: str = ""
    rivals: Mapping[str, str] = field(default_factory=dict)
    open: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    keys: Mapping[str, str] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    origin: Origin = field(default_factory=Origin)

    @property
    def answers(self) -> bool:
        """Whether the network's outputs are answers, not features."""
        return self.head is None or self.head.layer is not None


@dataclass(frozen=True, eq=False)
class Identification:
    """The network of a weights file, with the confidence and the scores of the decision.

    Parameters
    ----------
    network
        The identified network with the file's weights.
    name
        The file's name.
    confidence
        Between 0 and 1; 1 for a file that contains its spec.
    sure
        Whether photographs agree with this network, and decide between plain and residual.
    kind_known
        False if plain and residual cannot be distinguished; ``network`` is then the residual one.
    matched, total
        How many of the file's tensors fit the network, out of how many.
    preprocessing
        How the network expects its input.
    normalisation
        A key of ``NORMALISATIONS``, "described" for a file that contains its preprocessing, or
        "file" for one that has the mean and the deviation as tensors.
    classes
        Class names, in the order of the outputs.
    scores
        Mean score by candidate ("residual", "plain", "residual+behind"); lower is better.
    input_scores
        Score of the first layer by normalisation; lower is better.
    training
        What the file records about the training.
    update_ratios
        ||last step|| / ||W|| by layer, if the file has the optimiser's state.
    file
        What else the file has.
    remeasured
        The network's statistics on the bundled photographs, if its identification needed them.

    """

    network: ResNet
    name: str
    confidence: float
    sure: bool
    kind_known: bool
    matched: int
    total: int
    preprocessing: Preprocessing
    normalisation: str
    classes: tuple[str, ...]
    scores: Mapping[str, float]
    input_scores: Mapping[str, float]
    training: JsonObject
    update_ratios: Mapping[str, float] = field(default_factory=dict)
    file: FileFacts = FileFacts()
    remeasured: Remeasured | None = None

    @property
    def spec(self) -> NetworkSpec:
        """The network's spec."""
        return self.network.spec

    def loaded(self) -> LoadedNetwork:
        """The network, ready to use; ``CheckpointError`` if it may be plain or residual."""
        if not self.kind_known:
            raise CheckpointError("checkpoint_kind", name=self.name, depth=self.spec.depth)
        return LoadedNetwork(
            network=self.network,
            source=WeightSource.FILE,
            weights=self.name,
            classes=self.classes,
            preprocessing=self.preprocessing,
            training=self.training,
        )
