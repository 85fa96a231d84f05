"""Every attribution method as one row: where it works, its options, and its source."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from resnet_viz.core.errors import OptionError, close_matches


class Family(StrEnum):
    """What a method needs."""

    CAM = "cam"  # one pass: activations and gradients at a layer
    PASSES = "passes"  # a layer, and many passes or the whole network
    GRADIENT = "gradient"  # gradients at the input
    PERTURBATION = "perturbation"  # passes with parts of the input changed


@dataclass(frozen=True)
class Option:
    """A number that a method takes, with its range; ``whole`` allows integers only."""

    name: str
    default: float
    low: float
    high: float
    whole: bool = False


@dataclass(frozen=True)
class Method:
    """One method. ``signed`` maps have a meaning below zero; ``hooks`` changes a copy's ReLUs."""

    name: str
    family: Family
    source: str
    options: tuple[Option, ...] = ()
    signed: bool = False
    hooks: bool = False

    @property
    def at_layer(self) -> bool:
        """Whether it explains a layer, or else the input."""
        return self.family is Family.CAM or self.name in (*FEATURES_ONLY, _GUIDED)


#: Methods at a layer that need its activations and no gradient.
FEATURES_ONLY = ("score-cam", "ablation-cam")

_GUIDED = "guided-grad-cam"
_SAMPLES = Option("samples", 32, 4, 512, whole=True)
_SMOOTH = (
    Option("smooth_samples", 0, 0, 64, whole=True),  # 0: no SmoothGrad
    Option("smooth_deviation", 0.1, 0.0, 1.0),  # of the noise, as a share of the input's range
)
_CELLS = Option("cells", 8, 2, 32, whole=True)  # superpixels along a side

_CAM, _PASSES = Family.CAM, Family.PASSES
_GRADIENT, _PERTURBATION = Family.GRADIENT, Family.PERTURBATION

_ROWS = (
    Method("grad-cam", _CAM, "Selvaraju 2017, arXiv 1610.02391"),
    Method(
        "grad-cam++",
        _CAM,
        "Chattopadhay 2018, arXiv 1710.11063",
        (Option("epsilon", 1e-6, 0.0, 1e-3),),
    ),
    Method("xgrad-cam", _CAM, "Fu 2020, arXiv 2008.02312"),
    Method("hires-cam", _CAM, "Draelos 2020, arXiv 2011.08891"),
    Method("layer-cam", _CAM, "Jiang 2021, doi 10.1109/TIP.2021.3089943"),
    Method("element-wise", _CAM, "pytorch-grad-cam, GradCAMElementWise"),
    Method("eigen-cam", _CAM, "Muhammad 2020, arXiv 2008.00299"),
    Method("eigengrad-cam", _CAM, "Muhammad 2020, arXiv 2008.00299, of gradient x activation"),
    Method("activation-norm", _CAM, "the 2-norm over channels"),
    Method("score-cam", _PASSES, "Wang 2020, arXiv 1910.01279"),
    Method("ablation-cam", _PASSES, "Desai 2020, doi 10.1109/WACV45572.2020.9093360"),
    Method(_GUIDED, _PASSES, "Selvaraju 2017, sec. 3.2", signed=True, hooks=True),
    Method("full-grad", _PASSES, "Srinivas 2019, arXiv 1905.00780"),
    Method("saliency", _GRADIENT, "Simonyan 2013, arXiv 1312.6034", _SMOOTH),
    Method("input-x-gradient", _GRADIENT, "Shrikumar 2016, arXiv 1605.01713", _SMOOTH, signed=True),
    Method(
        "integrated-gradients",
        _GRADIENT,
        "Sundararajan 2017, arXiv 1703.01365",
        (Option("steps", 64, 8, 512, whole=True), *_SMOOTH),
        signed=True,
    ),
    Method(
        "guided-backprop",
        _GRADIENT,
        "Springenberg 2014, arXiv 1412.6806",
        _SMOOTH,
        signed=True,
        hooks=True,
    ),
    Method(
        "deconvolution",
        _GRADIENT,
        "Zeiler 2014, arXiv 1311.2901",
        _SMOOTH,
        signed=True,
        hooks=True,
    ),
    Method(
        "deep-lift",
        _GRADIENT,
        "Shrikumar 2017, arXiv 1704.02685",
        _SMOOTH,
        signed=True,
        hooks=True,
    ),
    Method(
        "gradient-shap",
        _GRADIENT,
        "Lundberg 2017, arXiv 1705.07874",
        (_SAMPLES, Option("deviation", 0.1, 0.0, 1.0)),
        signed=True,
    ),
    Method(
        "lrp",
        _GRADIENT,
        "Bach 2015, doi 10.1371/journal.pone.0130140",
        signed=True,
        hooks=True,
    ),
    Method(
        "occlusion",
        _PERTURBATION,
        "Zeiler 2014, arXiv 1311.2901",
        (Option("window", 0.25, 0.02, 1.0), Option("stride", 0.125, 0.02, 1.0)),
        signed=True,
    ),
    Method(
        "feature-ablation",
        _PERTURBATION,
        "captum, over superpixels",
        (_CELLS,),
        signed=True,
    ),
    Method(
        "kernel-shap",
        _PERTURBATION,
        "Lundberg 2017, arXiv 1705.07874",
        (_CELLS, Option("samples", 256, 16, 4096, whole=True)),
        signed=True,
    ),
    Method(
        "lime",
        _PERTURBATION,
        "Ribeiro 2016, arXiv 1602.04938",
        (_CELLS, Option("samples", 256, 16, 4096, whole=True)),
        signed=True,
    ),
)

METHODS: Mapping[str, Method] = {row.name: row for row in _ROWS}


def method_named(name: str) -> Method:
    """A method by its name, written with or without hyphens; ``OptionError`` lists close ones."""
    plain = {_plain(known): method for known, method in METHODS.items()}
    if _plain(name) not in plain:
        known = close_matches(name.lower(), list(METHODS), count=30)
        raise OptionError("option_unknown", option="method", value=name, known=known)
    return plain[_plain(name)]


def options_of(method: Method, given: Mapping[str, float] | None = None) -> dict[str, float]:
    """All options of a method, the given ones checked; ``OptionError`` for what is not on offer."""
    rows = {option.name: option for option in method.options}
    chosen = {name: option.default for name, option in rows.items()}
    for name, value in (given or {}).items():
        if name not in rows:
            known = ", ".join(rows) or "-"
            raise OptionError("explain_option", option=name, method=method.name, known=known)
        row = rows[name]
        fits = row.low <= value <= row.high and (not row.whole or value == int(value))
        if not fits:
            code = "explain_range_whole" if row.whole else "explain_range"
            raise OptionError(code, option=name, value=value, low=row.low, high=row.high)
        chosen[name] = value
    return {name: int(v) if rows[name].whole else float(v) for name, v in chosen.items()}


def _plain(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "").replace(" ", "")
