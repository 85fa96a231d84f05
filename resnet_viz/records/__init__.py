"""Frozen results: numbers with names, shapes and units; arrays are read-only NumPy."""

from resnet_viz.records.analysis import Analysis, BatchNormMode, Prediction, Score
from resnet_viz.records.by_layer import ByLayer
from resnet_viz.records.checkpoint import (
    CheckpointReport,
    Finding,
    Identified,
    Labelled,
    LayerHealth,
    Severity,
)
from resnet_viz.records.comparison import BLOCK_PARTS, Comparison, Side, WeightSource
from resnet_viz.records.design import BlockGroup, Layer, SignalCheck
from resnet_viz.records.pair import Pair
from resnet_viz.records.run import Run, RunEvent, RunState, RunStatus
from resnet_viz.records.training import Epoch, Evaluation, Progress, Step

__all__ = [
    "BLOCK_PARTS",
    "Analysis",
    "BatchNormMode",
    "BlockGroup",
    "ByLayer",
    "CheckpointReport",
    "Comparison",
    "Epoch",
    "Evaluation",
    "Finding",
    "Identified",
    "Labelled",
    "Layer",
    "LayerHealth",
    "Pair",
    "Prediction",
    "Progress",
    "Run",
    "RunEvent",
    "RunState",
    "RunStatus",
    "Score",
    "Severity",
    "Side",
    "SignalCheck",
    "Step",
    "WeightSource",
]
