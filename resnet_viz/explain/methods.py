"""The table of attribution methods; each row runs its method.

A new method is a member of ``MethodName``, a row, and its name in ``assets/text`` under
``methods``; ``explain``, the command, the page and the runs over many pictures read this table.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from resnet_viz.core.errors import OptionError, close_matches
from resnet_viz.explain import cam_formulas
from resnet_viz.explain.cam_formulas import CamFormula, CamOfLayer
from resnet_viz.explain.captum_arguments import (
    integral_steps,
    sliding_window,
    superpixel_cells,
    superpixel_samples,
)
from resnet_viz.explain.captum_methods import (
    CaptumMethod,
    GradientShap,
    Networks,
    first_channel,
    largest_channel,
)
from resnet_viz.explain.full_grad import full_grad
from resnet_viz.explain.guided_grad_cam import GuidedGradCam
from resnet_viz.explain.method_names import MethodName
from resnet_viz.explain.method_options import Option, Options, options_from
from resnet_viz.explain.raw_map import MapInSteps
from resnet_viz.explain.relevance import lrp
from resnet_viz.explain.score_weighted_cam import ablation_cam, score_cam
from resnet_viz.explain.scored_image import ScoredImage


class Family(StrEnum):
    """What a method is computed from."""

    CAM = "cam"  # activations and gradients at a layer, from one pass
    CHANNEL_SCORES = "channel_scores"  # the score with channels of a layer alone or removed
    GRADIENT = "gradient"  # gradients from the score back to the input
    PERTURBATION = "perturbation"  # the score with parts of the input changed


class Cost(StrEnum):
    """How many passes through the network a method takes with its default options."""

    FEW = "few"  # at most five
    PER_CHANNEL = "per_channel"  # one for every channel of the layer
    MANY = "many"  # dozens to hundreds


@dataclass(frozen=True)
class Method:
    """The fields that all methods have.

    A ``signed`` map has a meaning below zero; any other ends in a ReLU.
    """

    name: MethodName
    family: Family
    cost: Cost
    source: str  # paper and section
    options: tuple[Option, ...] = ()
    signed: bool = False
    networks: Networks = Networks.ANY

    @property
    def at_layer(self) -> bool:
        """Whether the map is of a layer rather than of the input."""
        return isinstance(self, LayerMethod)

    @property
    def can_be_fused(self) -> bool:
        """Whether maps of several layers can be fused; only maps without negative values can."""
        return self.at_layer and not self.signed

    @property
    def compares(self) -> bool:
        """Whether the method compares the image with a baseline."""
        return isinstance(self, InputMethod) and getattr(self.run, "compares", False)

    def options_with(self, changes: Mapping[str, float] | None = None) -> dict[str, float]:
        """The default options with ``changes``; ``OptionError`` for a change that is not valid."""
        return options_from(self.name, self.options, changes or {})


@dataclass(frozen=True, kw_only=True)
class LayerMethod(Method):
    """A method at a layer; ``run`` takes the layer's name."""

    run: Callable[[ScoredImage, str, Options], MapInSteps]

    @property
    def formula(self) -> CamFormula | None:
        """The CAM formula; None for a method outside the CAM family."""
        return self.run.formula if isinstance(self.run, CamOfLayer) else None


@dataclass(frozen=True, kw_only=True)
class InputMethod(Method):
    """A method at the input."""

    run: Callable[[ScoredImage, Options], MapInSteps]


_SMOOTH = (
    Option("smooth_samples", 0, 0, 64, whole=True),  # 0: no SmoothGrad
    Option("smooth_deviation", 0.1, 0.0, 1.0),  # of the noise, as a share of the input's range
)
_CELLS = Option("cells", 8, 2, 32, whole=True)  # superpixels along a side
_GUIDED = CaptumMethod(MethodName.GUIDED_BACKPROP, "GuidedBackprop", networks=Networks.RELU_MODULES)


def _cam(
    name: MethodName, source: str, formula: CamFormula, options: tuple[Option, ...] = ()
) -> LayerMethod:
    return LayerMethod(name, Family.CAM, Cost.FEW, source, options, run=CamOfLayer(formula))


def _captum(
    method: CaptumMethod,
    family: Family,
    cost: Cost,
    source: str,
    options: tuple[Option, ...] = (),
    *,
    signed: bool = True,
) -> InputMethod:
    name, networks = MethodName(method.name), method.networks
    return InputMethod(name, family, cost, source, options, signed, networks, run=method)


_ROWS: tuple[LayerMethod | InputMethod, ...] = (
    _cam(MethodName.GRAD_CAM, "Selvaraju 2017, arXiv 1610.02391", cam_formulas.GRAD_CAM),
    _cam(
        MethodName.GRAD_CAM_PLUS_PLUS, "Chattopadhay 2018, arXiv 1710.11063",
        cam_formulas.GRAD_CAM_PLUS_PLUS, (Option("epsilon", cam_formulas.EPSILON, 0.0, 1e-3),),
    ),
    _cam(MethodName.XGRAD_CAM, "Fu 2020, arXiv 2008.02312", cam_formulas.XGRAD_CAM),
    _cam(MethodName.HIRES_CAM, "Draelos 2020, arXiv 2011.08891", cam_formulas.HIRES_CAM),
    _cam(MethodName.LAYER_CAM, "Jiang 2021, doi 10.1109/TIP.2021.3089943", cam_formulas.LAYER_CAM),
    _cam(
        MethodName.ELEMENT_WISE, "pytorch-grad-cam, GradCAMElementWise", cam_formulas.ELEMENT_WISE
    ),
    _cam(MethodName.EIGEN_CAM, "Muhammad 2020, arXiv 2008.00299", cam_formulas.EIGEN_CAM),
    _cam(
        MethodName.EIGENGRAD_CAM, "Muhammad 2020, arXiv 2008.00299, of gradient x activation",
        cam_formulas.EIGENGRAD_CAM,
    ),
    _cam(MethodName.ACTIVATION_NORM, "the 2-norm over channels", cam_formulas.ACTIVATION_NORM),
    LayerMethod(
        MethodName.SCORE_CAM, Family.CHANNEL_SCORES, Cost.PER_CHANNEL,
        "Wang 2020, arXiv 1910.01279", run=score_cam,
    ),
    LayerMethod(
        MethodName.ABLATION_CAM, Family.CHANNEL_SCORES, Cost.PER_CHANNEL,
        "Desai 2020, doi 10.1109/WACV45572.2020.9093360", run=ablation_cam,
    ),
    LayerMethod(
        MethodName.GUIDED_GRAD_CAM, Family.GRADIENT, Cost.FEW, "Selvaraju 2017, sec. 3.2",
        signed=True, networks=_GUIDED.networks, run=GuidedGradCam(_GUIDED),
    ),
    InputMethod(
        MethodName.FULL_GRAD, Family.GRADIENT, Cost.FEW, "Srinivas 2019, arXiv 1905.00780",
        run=full_grad,
    ),
    _captum(
        CaptumMethod(MethodName.SALIENCY, "Saliency", to_map=largest_channel),
        Family.GRADIENT, Cost.FEW, "Simonyan 2013, arXiv 1312.6034", _SMOOTH, signed=False,
    ),
    _captum(
        CaptumMethod(MethodName.INPUT_X_GRADIENT, "InputXGradient"),
        Family.GRADIENT, Cost.FEW, "Shrikumar 2016, arXiv 1605.01713", _SMOOTH,
    ),
    _captum(
        CaptumMethod(
            MethodName.INTEGRATED_GRADIENTS, "IntegratedGradients", integral_steps, complete=True,
            compares=True,
        ),
        Family.GRADIENT, Cost.MANY, "Sundararajan 2017, arXiv 1703.01365",
        (Option("steps", 64, 8, 512, whole=True), *_SMOOTH),
    ),
    _captum(_GUIDED, Family.GRADIENT, Cost.FEW, "Springenberg 2014, arXiv 1412.6806", _SMOOTH),
    _captum(
        CaptumMethod(
            MethodName.DECONVOLUTION, "Deconvolution", networks=Networks.RELU_MODULES
        ),
        Family.GRADIENT, Cost.FEW, "Zeiler 2014, arXiv 1311.2901", _SMOOTH,
    ),
    _captum(
        CaptumMethod(
            MethodName.DEEP_LIFT, "DeepLift", networks=Networks.MODULES_RUN_ONCE, complete=True,
            compares=True,
        ),
        Family.GRADIENT, Cost.FEW, "Shrikumar 2017, arXiv 1704.02685", _SMOOTH,
    ),
    _captum(
        GradientShap(MethodName.GRADIENT_SHAP, "GradientShap", compares=True),
        Family.GRADIENT, Cost.MANY, "Lundberg 2017, arXiv 1705.07874",
        (Option("samples", 32, 4, 512, whole=True), Option("deviation", 0.1, 0.0, 1.0)),
    ),
    InputMethod(
        MethodName.LRP, Family.GRADIENT, Cost.FEW, "Bach 2015, doi 10.1371/journal.pone.0130140",
        signed=True, networks=Networks.PROPORTIONAL, run=lrp,
    ),
    _captum(
        CaptumMethod(
            MethodName.OCCLUSION, "Occlusion", sliding_window, first_channel, compares=True
        ),
        Family.PERTURBATION, Cost.MANY, "Zeiler 2014, arXiv 1311.2901",
        (Option("window", 0.25, 0.02, 1.0), Option("stride", 0.125, 0.02, 1.0)),
    ),
    _captum(
        CaptumMethod(
            MethodName.FEATURE_ABLATION, "FeatureAblation", superpixel_cells, first_channel,
            compares=True,
        ),
        Family.PERTURBATION, Cost.MANY, "captum, over superpixels", (_CELLS,),
    ),
    _captum(
        CaptumMethod(
            MethodName.KERNEL_SHAP, "KernelShap", superpixel_samples, first_channel, compares=True
        ),
        Family.PERTURBATION, Cost.MANY, "Lundberg 2017, arXiv 1705.07874",
        (_CELLS, Option("samples", 256, 16, 4096, whole=True)),
    ),
    _captum(
        CaptumMethod(
            MethodName.LIME, "Lime", superpixel_samples, first_channel, compares=True
        ),
        Family.PERTURBATION, Cost.MANY, "Ribeiro 2016, arXiv 1602.04938",
        (_CELLS, Option("samples", 256, 16, 4096, whole=True)),
    ),
)  # fmt: skip

METHODS: Mapping[MethodName, LayerMethod | InputMethod] = {row.name: row for row in _ROWS}


def method_named(name: MethodName | str) -> LayerMethod | InputMethod:
    """A row by its name, with or without hyphens; ``OptionError`` lists close matches."""
    rows = {_letters(row.name): row for row in METHODS.values()}
    if _letters(name) not in rows:
        known = close_matches(name.lower(), list(METHODS), count=30)
        raise OptionError("option_unknown", option="method", value=name, known=known)
    return rows[_letters(name)]


def _letters(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "").replace(" ", "")
