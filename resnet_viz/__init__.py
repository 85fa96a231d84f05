"""Visualise residual learning: residual networks compared with their plain twins.

    spec -> network -> analysis -> record -> figure -> page

>>> from resnet_viz import NetworkSpec, Pair, analyze, build
>>> spec = NetworkSpec.preset("resnet20")
>>> twins = Pair(spec, spec.plain()).map(lambda s: build(s, seed=0))
>>> twins.second.spec.name
'plain20'
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # what editors and mypy read; the same names as below
    from resnet_viz.checkpoints.load import load as load
    from resnet_viz.checkpoints.load import load_two as load_two
    from resnet_viz.checkpoints.load_file import load_checkpoint as load_checkpoint
    from resnet_viz.checkpoints.ref import NetworkRef as NetworkRef
    from resnet_viz.checkpoints.weights import Weights as Weights
    from resnet_viz.core.errors import ResnetVizError as ResnetVizError
    from resnet_viz.diagnosis.diagnose import diagnose as diagnose
    from resnet_viz.diagnosis.repair_file import repair as repair
    from resnet_viz.explain.cam_family import class_activation_maps as class_activation_maps
    from resnet_viz.explain.explain_image import explain as explain
    from resnet_viz.explain.faithfulness import faithfulness as faithfulness
    from resnet_viz.networks.resnet.model import ResNet as ResNet
    from resnet_viz.networks.resnet.model import build as build
    from resnet_viz.networks.tables.layer_table import layer_table as layer_table
    from resnet_viz.pictures.decode import (
        Picture as Picture,
    )
    from resnet_viz.pictures.decode import (
        open_picture as open_picture,
    )
    from resnet_viz.pictures.decode import (
        read_picture as read_picture,
    )
    from resnet_viz.pictures.preprocess import seen as seen
    from resnet_viz.pictures.preprocess import to_batch as to_batch
    from resnet_viz.probe.analyze import (
        analyze as analyze,
    )
    from resnet_viz.probe.analyze import (
        grad_cam as grad_cam,
    )
    from resnet_viz.probe.analyze import (
        gradient_norms as gradient_norms,
    )
    from resnet_viz.probe.capture import layer_names as layer_names
    from resnet_viz.probe.compare import compare as compare
    from resnet_viz.records import (
        Analysis as Analysis,
    )
    from resnet_viz.records import (
        CheckpointReport as CheckpointReport,
    )
    from resnet_viz.records import (
        Comparison as Comparison,
    )
    from resnet_viz.records import (
        Pair as Pair,
    )
    from resnet_viz.records import (
        WeightSource as WeightSource,
    )
    from resnet_viz.spec import (
        Block as Block,
    )
    from resnet_viz.spec import (
        NetworkSpec as NetworkSpec,
    )
    from resnet_viz.spec import (
        Shortcut as Shortcut,
    )
    from resnet_viz.spec import (
        Stem as Stem,
    )

#: The file of every public name. It is imported when the name is first used: torch takes seconds.
_HOMES = {
    "Analysis": "records",
    "Block": "spec",
    "CheckpointReport": "records",
    "Comparison": "records",
    "NetworkRef": "checkpoints.ref",
    "NetworkSpec": "spec",
    "Pair": "records",
    "Picture": "pictures.decode",
    "ResNet": "networks.resnet.model",
    "ResnetVizError": "core.errors",
    "Shortcut": "spec",
    "Stem": "spec",
    "WeightSource": "records",
    "Weights": "checkpoints.weights",
    "analyze": "probe.analyze",
    "build": "networks.resnet.model",
    "class_activation_maps": "explain.cam_family",
    "compare": "probe.compare",
    "diagnose": "diagnosis.diagnose",
    "explain": "explain.explain_image",
    "faithfulness": "explain.faithfulness",
    "grad_cam": "probe.analyze",
    "gradient_norms": "probe.analyze",
    "layer_names": "probe.capture",
    "layer_table": "networks.tables.layer_table",
    "load": "checkpoints.load",
    "load_checkpoint": "checkpoints.load_file",
    "load_two": "checkpoints.load",
    "open_picture": "pictures.decode",
    "read_picture": "pictures.decode",
    "repair": "diagnosis.repair_file",
    "seen": "pictures.preprocess",
    "to_batch": "pictures.preprocess",
}

__all__ = list(_HOMES)


class _Package(ModuleType):
    """The package; its public names are found when they are first used, then kept."""

    def __getattr__(self, name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        value: object = getattr(import_module(f"{self.__name__}.{_HOMES[name]}"), name)
        self.__dict__[name] = value
        return value

    def __setattr__(self, name: str, value: object) -> None:
        """Bind a name, but never a folder to a function's: both are called ``explain``."""
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *_HOMES})


sys.modules[__name__].__class__ = _Package
