"""The catalog: other architectures, unmodified, for comparison.

All but LeNet-5 come from torchvision, with its keys and forward pass. They have no plain twin, and
their main steps take the place of a residual network's blocks. A table, without torch: it is listed
before any network is built.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from resnet_viz.core.errors import SpecError, close_matches
from resnet_viz.spec import ZooSpec


@dataclass(frozen=True)
class ZooRow:
    """One network of the catalog.

    ``stages`` names the modules of its main steps, in order of execution, grouped as
    the source groups them: the value of each is a feature map. ``depth`` counts weighted layers
    as the source does.
    """

    title: str
    weights: str | None  # see ``weights_named``
    stages: Mapping[str, tuple[str, ...]]
    depth: int
    parameters: int
    macs: int  # multiply-accumulates of one image at the usual size
    year: int
    source: str
    family: str
    way: str = "none"  # bypass of most steps: "identity", "concatenation" or "none"
    input_size: int = 224
    input_channels: int = 3
    classes: int = 1000
    options: Mapping[str, object] = field(default_factory=dict)  # of the constructor

    @property
    def blocks(self) -> tuple[str, ...]:
        """The main steps, without their grouping."""
        return tuple(name for names in self.stages.values() for name in names)


def _numbered(prefix: str, numbers: range | tuple[int, ...]) -> tuple[str, ...]:
    return tuple(f"{prefix}{number}" for number in numbers)


def _vgg(
    depth: int,
    convolutions: tuple[int, ...],
    parameters: int,
    macs: int,
    *,
    norm: bool = False,
) -> ZooRow:
    """A step is a convolution with its activation; a pool ends each of the five stages.

    ``convolutions`` are their numbers by stage.
    """
    stages, place, each = {}, 0, 3 if norm else 2
    for stage, count in enumerate(convolutions, 1):
        steps = range(place + each - 1, place + each * count, each)
        stages[f"stage{stage}"] = _numbered("features.", steps)
        place += each * count + 1
    return ZooRow(
        title=f"VGG-{depth}" + (" BN" if norm else ""),
        weights=f"VGG{depth}{'_BN' if norm else ''}_Weights.IMAGENET1K_V1",
        stages=stages,
        depth=depth,
        parameters=parameters,
        macs=macs,
        year=2014,
        source="Simonyan 2014, table 1 (arXiv 1409.1556)",
        family="vgg",
    )


def _densenet(depth: int, layers: tuple[int, ...], parameters: int, macs: int) -> ZooRow:
    """Steps are the dense layers, each of which adds channels, and the transitions."""
    stages: dict[str, tuple[str, ...]] = {"stem": ("features.pool0",)}
    for block, count in enumerate(layers, 1):
        steps = _numbered(f"features.denseblock{block}.denselayer", range(1, count + 1))
        last = block == len(layers)
        stages[f"denseblock{block}"] = (*steps, *(() if last else (f"features.transition{block}",)))
    return ZooRow(
        title=f"DenseNet-{depth}",
        weights=f"DenseNet{depth}_Weights.IMAGENET1K_V1",
        stages=stages,
        depth=depth,
        parameters=parameters,
        macs=macs,
        year=2016,
        source="Huang 2016, table 1 (arXiv 1608.06993)",
        family="densenet",
        way="concatenation",
    )


_ROWS = {
    "lenet5": ZooRow(
        title="LeNet-5",
        weights=None,
        stages={"stage1": ("tanh1",), "stage2": ("tanh2",), "stage3": ("tanh3",)},
        depth=5,
        parameters=61_706,
        macs=416_520,
        year=1998,
        source="LeCun 1998, fig. 2",
        family="lenet",
        input_size=32,
        input_channels=1,
        classes=10,
    ),
    "alexnet": ZooRow(
        title="AlexNet",
        weights="AlexNet_Weights.IMAGENET1K_V1",
        stages={
            "stage1": ("features.1",),
            "stage2": ("features.4",),
            "stage3": _numbered("features.", (7, 9, 11)),
        },
        depth=8,
        parameters=61_100_840,
        macs=714_188_480,
        year=2012,
        source="Krizhevsky 2012; one tower, as in Krizhevsky 2014 (arXiv 1404.5997)",
        family="alexnet",
    ),
    "vgg11": _vgg(11, (1, 1, 2, 2, 2), 132_863_336, 7_609_090_048),
    "vgg11_bn": _vgg(11, (1, 1, 2, 2, 2), 132_868_840, 7_609_090_048, norm=True),
    "vgg16": _vgg(16, (2, 2, 3, 3, 3), 138_357_544, 15_470_264_320),
    "vgg16_bn": _vgg(16, (2, 2, 3, 3, 3), 138_365_992, 15_470_264_320, norm=True),
    "vgg19": _vgg(19, (2, 2, 4, 4, 4), 143_667_240, 19_632_062_464),
    "vgg19_bn": _vgg(19, (2, 2, 4, 4, 4), 143_678_248, 19_632_062_464, norm=True),
    "googlenet": ZooRow(
        title="GoogLeNet",
        weights="GoogLeNet_Weights.IMAGENET1K_V1",
        stages={
            "stem": ("conv1", "conv2", "conv3"),
            "stage3": ("inception3a", "inception3b"),
            "stage4": tuple(f"inception4{letter}" for letter in "abcde"),
            "stage5": ("inception5a", "inception5b"),
        },
        depth=22,
        parameters=6_624_904,
        macs=1_498_376_192,
        year=2014,
        source="Szegedy 2014, table 1 (arXiv 1409.4842), with batch normalisation",
        family="googlenet",
        # The published weights expect pixels from -1 to 1; the network converts the usual ones.
        options={"aux_logits": False, "transform_input": True, "init_weights": False},
    ),
    "densenet121": _densenet(121, (6, 12, 24, 16), 7_978_856, 2_834_161_664),
    "densenet169": _densenet(169, (6, 12, 32, 32), 14_149_480, 3_359_843_328),
    "mobilenet_v2": ZooRow(
        title="MobileNetV2",
        weights="MobileNet_V2_Weights.IMAGENET1K_V1",
        stages={
            "stage1": _numbered("features.", (0, 1)),
            "stage2": _numbered("features.", (2, 3)),
            "stage3": _numbered("features.", (4, 5, 6)),
            "stage4": _numbered("features.", range(7, 14)),
            "stage5": _numbered("features.", range(14, 19)),
        },
        depth=53,
        parameters=3_504_872,
        macs=300_774_272,
        year=2018,
        source="Sandler 2018, table 2 (arXiv 1801.04381)",
        family="mobilenet",
        way="identity",
    ),
    "convnext_tiny": ZooRow(
        title="ConvNeXt-Tiny",
        weights="ConvNeXt_Tiny_Weights.IMAGENET1K_V1",
        stages={
            "stage1": ("features.0", *_numbered("features.1.", range(3))),
            "stage2": ("features.2", *_numbered("features.3.", range(3))),
            "stage3": ("features.4", *_numbered("features.5.", range(9))),
            "stage4": ("features.6", *_numbered("features.7.", range(3))),
        },
        depth=59,
        parameters=28_589_128,
        macs=4_455_531_264,
        year=2022,
        source="Liu 2022, table 9 (arXiv 2201.03545)",
        family="convnext",
        way="identity",
    ),
}

#: Every network of the catalog by name, in the order of its source.
ZOO: Mapping[str, ZooRow] = dict(sorted(_ROWS.items(), key=lambda item: item[1].year))


def zoo_row(name: str) -> ZooRow:
    """A row of the catalog; ``SpecError`` with close matches for an unknown name."""
    if name not in ZOO:
        raise SpecError("preset_unknown", name=name, known=close_matches(name, list(ZOO)))
    return ZOO[name]


def zoo_spec(name: str) -> ZooSpec:
    """The ``ZooSpec`` of a network; ``SpecError`` for an unknown name."""
    row = zoo_row(name)
    return ZooSpec(
        name=name,
        title=row.title,
        stages=tuple(row.stages.values()),
        input_size=row.input_size,
        input_channels=row.input_channels,
        classes=row.classes,
    )
