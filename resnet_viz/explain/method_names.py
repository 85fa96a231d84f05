"""The names of the attribution methods, which the command lists before torch is loaded."""

from enum import StrEnum


class MethodName(StrEnum):
    """The names of all methods."""

    GRAD_CAM = "grad-cam"
    GRAD_CAM_PLUS_PLUS = "grad-cam++"
    XGRAD_CAM = "xgrad-cam"
    HIRES_CAM = "hires-cam"
    LAYER_CAM = "layer-cam"
    ELEMENT_WISE = "element-wise"
    EIGEN_CAM = "eigen-cam"
    EIGENGRAD_CAM = "eigengrad-cam"
    ACTIVATION_NORM = "activation-norm"
    SCORE_CAM = "score-cam"
    ABLATION_CAM = "ablation-cam"
    GUIDED_GRAD_CAM = "guided-grad-cam"
    FULL_GRAD = "full-grad"
    SALIENCY = "saliency"
    INPUT_X_GRADIENT = "input-x-gradient"
    INTEGRATED_GRADIENTS = "integrated-gradients"
    GUIDED_BACKPROP = "guided-backprop"
    DECONVOLUTION = "deconvolution"
    DEEP_LIFT = "deep-lift"
    GRADIENT_SHAP = "gradient-shap"
    LRP = "lrp"
    OCCLUSION = "occlusion"
    FEATURE_ABLATION = "feature-ablation"
    KERNEL_SHAP = "kernel-shap"
    LIME = "lime"
