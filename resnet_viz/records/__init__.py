"""The frozen dataclasses that computations return; arrays in them are read-only NumPy arrays."""

from resnet_viz.records.analysis import Analysis
from resnet_viz.records.backbone import StageFeatures, WorkView
from resnet_viz.records.by_layer import ByLayer
from resnet_viz.records.check_finding import CheckFinding, Severity
from resnet_viz.records.checkpoint import (
    CheckpointReport,
    DiagnosisPart,
    DiagnosisProgress,
    FileContents,
    Identified,
    LayerHealth,
    Tier,
)
from resnet_viz.records.checkpoint_comparison import AnsweredPicture, CheckpointComparison
from resnet_viz.records.comparison import (
    BLOCK_PARTS,
    Comparison,
    Side,
    WeightSource,
    counterpart,
)
from resnet_viz.records.counted import Counted
from resnet_viz.records.design import BlockGroup, Layer, MeasuredLayer, SignalCheck
from resnet_viz.records.file_code import REPAIRED, FileCode
from resnet_viz.records.findings import Curve, Finding, Mark, Matrix, Panel, Recording, Zone
from resnet_viz.records.footing import Footing, differences, footing_of
from resnet_viz.records.formulas import (
    BlockFormula,
    BlockValues,
    BottleneckFormula,
    Claim,
    ClaimCheck,
    Formulas,
    HeadFormula,
    Paths,
    PixelFormula,
    Span,
)
from resnet_viz.records.gate import FailOn, Gate
from resnet_viz.records.gradients import GradientMeasurement, LayerGradient
from resnet_viz.records.inside_layers import Answer, Histogram, Quantity, Xray
from resnet_viz.records.labelled import (
    ChangedAccuracy,
    ConfusedPair,
    JudgedImage,
    Labelled,
)
from resnet_viz.records.pair import Pair
from resnet_viz.records.prediction import Activation, BatchNormMode, Prediction, Score
from resnet_viz.records.repair import Repair, RepairKind, RepairStep
from resnet_viz.records.role import ANY_TWO, TWINS, Role, role_alone, roles_of
from resnet_viz.records.stressed import ChangedAnswers, RoundedLayer, Stress
from resnet_viz.records.training import (
    DataShown,
    Epoch,
    Evaluation,
    ImageChanges,
    TrainingEvent,
    TrainingPoint,
    TrainingProgress,
    TrainingResult,
    TrainingStep,
    WatchedImage,
    WatchedImages,
    WatchedSide,
)
from resnet_viz.records.verdict import (
    UNSURE,
    Bar,
    GuessOutcome,
    Outcome,
    Statistic,
    Verdict,
    judge,
)

__all__ = [
    "ANY_TWO",
    "BLOCK_PARTS",
    "REPAIRED",
    "TWINS",
    "UNSURE",
    "Activation",
    "Analysis",
    "Answer",
    "AnsweredPicture",
    "Bar",
    "BatchNormMode",
    "BlockFormula",
    "BlockGroup",
    "BlockValues",
    "BottleneckFormula",
    "ByLayer",
    "ChangedAccuracy",
    "ChangedAnswers",
    "CheckFinding",
    "CheckpointComparison",
    "CheckpointReport",
    "Claim",
    "ClaimCheck",
    "Comparison",
    "ConfusedPair",
    "Counted",
    "Curve",
    "DataShown",
    "DiagnosisPart",
    "DiagnosisProgress",
    "Epoch",
    "Evaluation",
    "FailOn",
    "FileCode",
    "FileContents",
    "Finding",
    "Footing",
    "Formulas",
    "Gate",
    "GradientMeasurement",
    "GuessOutcome",
    "HeadFormula",
    "Histogram",
    "Identified",
    "ImageChanges",
    "JudgedImage",
    "Labelled",
    "Layer",
    "LayerGradient",
    "LayerHealth",
    "Mark",
    "Matrix",
    "MeasuredLayer",
    "Outcome",
    "Pair",
    "Panel",
    "Paths",
    "PixelFormula",
    "Prediction",
    "Quantity",
    "Recording",
    "Repair",
    "RepairKind",
    "RepairStep",
    "Role",
    "RoundedLayer",
    "Score",
    "Severity",
    "Side",
    "SignalCheck",
    "Span",
    "StageFeatures",
    "Statistic",
    "Stress",
    "Tier",
    "TrainingEvent",
    "TrainingPoint",
    "TrainingProgress",
    "TrainingResult",
    "TrainingStep",
    "Verdict",
    "WatchedImage",
    "WatchedImages",
    "WatchedSide",
    "WeightSource",
    "WorkView",
    "Xray",
    "Zone",
    "counterpart",
    "differences",
    "footing_of",
    "judge",
    "role_alone",
    "roles_of",
]
