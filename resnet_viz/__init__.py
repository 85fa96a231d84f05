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
    from resnet_viz.checkpoints.loaded import Loaded as Loaded
    from resnet_viz.checkpoints.ref import NetworkRef as NetworkRef
    from resnet_viz.checkpoints.weights import Weights as Weights
    from resnet_viz.core.errors import ResnetVizError as ResnetVizError
    from resnet_viz.datasets.load_dataset import load_dataset as load_dataset
    from resnet_viz.diagnosis.compare_checkpoints import compare_checkpoints as compare_checkpoints
    from resnet_viz.diagnosis.diagnose import diagnose as diagnose
    from resnet_viz.diagnosis.diagnose import identified as identified
    from resnet_viz.diagnosis.repair_file import repair as repair
    from resnet_viz.experiments.measures.batches import photographs as photographs
    from resnet_viz.experiments.measures.formula_checks import block_values as block_values
    from resnet_viz.experiments.measures.gradient_growth import GradientConfig as GradientConfig
    from resnet_viz.experiments.measures.gradient_growth import (
        gradient_measurements as gradient_measurements,
    )
    from resnet_viz.experiments.registry import EXPERIMENTS as EXPERIMENTS
    from resnet_viz.experiments.registry import find_experiment as find_experiment
    from resnet_viz.experiments.registry import run_experiment as run_experiment
    from resnet_viz.explain.baselines import BaselineName as BaselineName
    from resnet_viz.explain.cam_family import class_activation_maps as class_activation_maps
    from resnet_viz.explain.channels.channel_shares import channel_shares as channel_shares
    from resnet_viz.explain.channels.top_crops import receptive_field as receptive_field
    from resnet_viz.explain.explain_image import explain as explain
    from resnet_viz.explain.explaining import explaining as explaining
    from resnet_viz.explain.faithfulness import faithfulness as faithfulness
    from resnet_viz.explain.faithfulness import measuring as measuring
    from resnet_viz.explain.measures import MEASURES as MEASURES
    from resnet_viz.explain.measures import Effort as Effort
    from resnet_viz.explain.method_names import MethodName as MethodName
    from resnet_viz.explain.methods import METHODS as METHODS
    from resnet_viz.explain.raw_map import PassesDone as PassesDone
    from resnet_viz.lessons.lesson_code import lesson_plot as lesson_plot
    from resnet_viz.lessons.lesson_code import lesson_values as lesson_values
    from resnet_viz.networks.export.source import source_code as source_code
    from resnet_viz.networks.export.spec_file import spec_from_json as spec_from_json
    from resnet_viz.networks.export.spec_file import spec_to_json as spec_to_json
    from resnet_viz.networks.export.weights_files import to_onnx as to_onnx
    from resnet_viz.networks.export.weights_files import to_safetensors as to_safetensors
    from resnet_viz.networks.resnet.model import ResNet as ResNet
    from resnet_viz.networks.resnet.model import build as build
    from resnet_viz.networks.tables.layer_table import layer_table as layer_table
    from resnet_viz.networks.tables.totals import shortcut_cost as shortcut_cost
    from resnet_viz.networks.tables.totals import totals as totals
    from resnet_viz.networks.zoo.build_zoo import build_zoo as build_zoo
    from resnet_viz.networks.zoo.catalog import zoo_spec as zoo_spec
    from resnet_viz.pictures.decode import Picture as Picture
    from resnet_viz.pictures.decode import open_picture as open_picture
    from resnet_viz.pictures.decode import read_picture as read_picture
    from resnet_viz.pictures.preprocess import seen as seen
    from resnet_viz.pictures.preprocess import to_batch as to_batch
    from resnet_viz.pictures.samples import sample_picture as sample_picture
    from resnet_viz.pictures.samples import samples as samples
    from resnet_viz.probe.analyze import analyze as analyze
    from resnet_viz.probe.analyze import grad_cam as grad_cam
    from resnet_viz.probe.analyze import gradient_norms as gradient_norms
    from resnet_viz.probe.backbone_features import look_at_work as look_at_work
    from resnet_viz.probe.capture import layer_names as layer_names
    from resnet_viz.probe.compare import compare as compare
    from resnet_viz.probe.main_steps import zoo_table as zoo_table
    from resnet_viz.records import Activation as Activation
    from resnet_viz.records import ByLayer as ByLayer
    from resnet_viz.records import CheckpointComparison as CheckpointComparison
    from resnet_viz.records import Epoch as Epoch
    from resnet_viz.records import Finding as Finding
    from resnet_viz.records import Pair as Pair
    from resnet_viz.records import PixelFormula as PixelFormula
    from resnet_viz.records import Prediction as Prediction
    from resnet_viz.records import Role as Role
    from resnet_viz.records import Score as Score
    from resnet_viz.records import Severity as Severity
    from resnet_viz.records import WeightSource as WeightSource
    from resnet_viz.records.faithfulness_scores import Better as Better
    from resnet_viz.records.faithfulness_scores import FaithfulnessScore as FaithfulnessScore
    from resnet_viz.records.map_facts import Blank as Blank
    from resnet_viz.records.map_facts import Fused as Fused
    from resnet_viz.records.map_facts import Fusion as Fusion
    from resnet_viz.results.analysis_result import Analysis as Analysis
    from resnet_viz.results.comparison_result import Comparison as Comparison
    from resnet_viz.results.explanation_result import Explanation as Explanation
    from resnet_viz.results.explanation_result import Explanations as Explanations
    from resnet_viz.results.faithfulness_result import Faithfulness as Faithfulness
    from resnet_viz.results.report_result import CheckpointReport as CheckpointReport
    from resnet_viz.spec import Block as Block
    from resnet_viz.spec import Kind as Kind
    from resnet_viz.spec import NetworkSpec as NetworkSpec
    from resnet_viz.spec import Norm as Norm
    from resnet_viz.spec import Order as Order
    from resnet_viz.spec import Shortcut as Shortcut
    from resnet_viz.spec import Stem as Stem
    from resnet_viz.training.course import train as train
    from resnet_viz.training.recipe import RECIPES as RECIPES
    from resnet_viz.training.recipe import Recipe as Recipe

#: The file of every public name. It is imported when the name is first used: torch takes seconds.
_HOMES = {
    "Activation": "records",
    "Analysis": "results.analysis_result",
    "BaselineName": "explain.baselines",
    "Better": "records.faithfulness_scores",
    "Blank": "records.map_facts",
    "Block": "spec",
    "ByLayer": "records",
    "CheckpointComparison": "records",
    "CheckpointReport": "results.report_result",
    "Comparison": "results.comparison_result",
    "EXPERIMENTS": "experiments.registry",
    "Effort": "explain.measures",
    "Epoch": "records",
    "Explanation": "results.explanation_result",
    "Explanations": "results.explanation_result",
    "Faithfulness": "results.faithfulness_result",
    "FaithfulnessScore": "records.faithfulness_scores",
    "Finding": "records",
    "Fused": "records.map_facts",
    "Fusion": "records.map_facts",
    "GradientConfig": "experiments.measures.gradient_growth",
    "Kind": "spec",
    "Loaded": "checkpoints.loaded",
    "MEASURES": "explain.measures",
    "METHODS": "explain.methods",
    "MethodName": "explain.method_names",
    "NetworkRef": "checkpoints.ref",
    "NetworkSpec": "spec",
    "Norm": "spec",
    "Order": "spec",
    "Pair": "records",
    "PassesDone": "explain.raw_map",
    "Picture": "pictures.decode",
    "PixelFormula": "records",
    "Prediction": "records",
    "RECIPES": "training.recipe",
    "Recipe": "training.recipe",
    "ResNet": "networks.resnet.model",
    "ResnetVizError": "core.errors",
    "Role": "records",
    "Score": "records",
    "Severity": "records",
    "Shortcut": "spec",
    "Stem": "spec",
    "WeightSource": "records",
    "Weights": "checkpoints.weights",
    "analyze": "probe.analyze",
    "block_values": "experiments.measures.formula_checks",
    "build": "networks.resnet.model",
    "build_zoo": "networks.zoo.build_zoo",
    "channel_shares": "explain.channels.channel_shares",
    "class_activation_maps": "explain.cam_family",
    "compare": "probe.compare",
    "compare_checkpoints": "diagnosis.compare_checkpoints",
    "diagnose": "diagnosis.diagnose",
    "explain": "explain.explain_image",
    "explaining": "explain.explaining",
    "faithfulness": "explain.faithfulness",
    "find_experiment": "experiments.registry",
    "grad_cam": "probe.analyze",
    "gradient_measurements": "experiments.measures.gradient_growth",
    "gradient_norms": "probe.analyze",
    "identified": "diagnosis.diagnose",
    "layer_names": "probe.capture",
    "layer_table": "networks.tables.layer_table",
    "lesson_plot": "lessons.lesson_code",
    "lesson_values": "lessons.lesson_code",
    "load": "checkpoints.load",
    "load_checkpoint": "checkpoints.load_file",
    "load_dataset": "datasets.load_dataset",
    "load_two": "checkpoints.load",
    "look_at_work": "probe.backbone_features",
    "measuring": "explain.faithfulness",
    "open_picture": "pictures.decode",
    "photographs": "experiments.measures.batches",
    "read_picture": "pictures.decode",
    "receptive_field": "explain.channels.top_crops",
    "repair": "diagnosis.repair_file",
    "run_experiment": "experiments.registry",
    "sample_picture": "pictures.samples",
    "samples": "pictures.samples",
    "seen": "pictures.preprocess",
    "shortcut_cost": "networks.tables.totals",
    "source_code": "networks.export.source",
    "spec_from_json": "networks.export.spec_file",
    "spec_to_json": "networks.export.spec_file",
    "to_batch": "pictures.preprocess",
    "to_onnx": "networks.export.weights_files",
    "to_safetensors": "networks.export.weights_files",
    "totals": "networks.tables.totals",
    "train": "training.course",
    "zoo_spec": "networks.zoo.catalog",
    "zoo_table": "probe.main_steps",
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
