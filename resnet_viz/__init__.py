"""Visualise residual learning: residual networks compared with their plain twins.

    spec -> network -> analysis -> record -> figure -> page

>>> from resnet_viz import NetworkSpec, Pair, analyze, build
>>> spec = NetworkSpec.preset("resnet20")
>>> twins = Pair(spec, spec.plain()).map(lambda s: build(s, seed=0))
>>> twins.second.spec.name
'plain20'
"""

from resnet_viz.checkpoints.load import load, load_two
from resnet_viz.checkpoints.load_file import load_checkpoint
from resnet_viz.checkpoints.ref import NetworkRef
from resnet_viz.checkpoints.weights import Weights
from resnet_viz.core.errors import ResnetVizError
from resnet_viz.diagnosis.diagnose import diagnose
from resnet_viz.explain.cam_family import class_activation_maps
from resnet_viz.explain.explain_image import explain
from resnet_viz.explain.faithfulness import faithfulness
from resnet_viz.networks.resnet.model import ResNet, build
from resnet_viz.networks.tables.layer_table import layer_table
from resnet_viz.pictures.decode import Picture, open_picture, read_picture
from resnet_viz.pictures.preprocess import seen, to_batch
from resnet_viz.probe.analyze import analyze, grad_cam, gradient_norms
from resnet_viz.probe.capture import layer_names
from resnet_viz.probe.compare import compare
from resnet_viz.records import Analysis, CheckpointReport, Comparison, Pair, WeightSource
from resnet_viz.spec import Block, NetworkSpec, Shortcut, Stem

__all__ = [
    "Analysis",
    "Block",
    "CheckpointReport",
    "Comparison",
    "NetworkRef",
    "NetworkSpec",
    "Pair",
    "Picture",
    "ResNet",
    "ResnetVizError",
    "Shortcut",
    "Stem",
    "WeightSource",
    "Weights",
    "analyze",
    "build",
    "class_activation_maps",
    "compare",
    "diagnose",
    "explain",
    "faithfulness",
    "grad_cam",
    "gradient_norms",
    "layer_names",
    "layer_table",
    "load",
    "load_checkpoint",
    "load_two",
    "open_picture",
    "read_picture",
    "seen",
    "to_batch",
]
