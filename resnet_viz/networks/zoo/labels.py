"""Class names, and the names of torchvision's published weights."""

from collections.abc import Mapping

from resnet_viz.networks.zoo.torchvision_names import weights_named
from resnet_viz.spec import NetworkSpec

#: The first published weights of each, trained by the recipe of He 2015; see ``weights_named``.
TORCHVISION_WEIGHTS: Mapping[str, str] = {
    "resnet18": "ResNet18_Weights.IMAGENET1K_V1",
    "resnet34": "ResNet34_Weights.IMAGENET1K_V1",
    "resnet50": "ResNet50_Weights.IMAGENET1K_V1",
    "resnet101": "ResNet101_Weights.IMAGENET1K_V1",
    "resnet152": "ResNet152_Weights.IMAGENET1K_V1",
    "resnext50_32x4d": "ResNeXt50_32X4D_Weights.IMAGENET1K_V1",
    "resnext101_32x8d": "ResNeXt101_32X8D_Weights.IMAGENET1K_V1",
    "wide_resnet50_2": "Wide_ResNet50_2_Weights.IMAGENET1K_V1",
    "wide_resnet101_2": "Wide_ResNet101_2_Weights.IMAGENET1K_V1",
}

_IMAGENET_CLASSES = 1000

#: CIFAR-10's classes in its own order (Krizhevsky 2009).
CIFAR10_CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)


def class_names(spec: NetworkSpec) -> tuple[str, ...]:
    """CIFAR-10's or ImageNet's classes where their number is the spec's; otherwise numbers."""
    if spec.classes == len(CIFAR10_CLASSES):
        return CIFAR10_CLASSES
    if spec.classes == _IMAGENET_CLASSES:
        return tuple(weights_named(TORCHVISION_WEIGHTS["resnet18"]).meta["categories"])
    return tuple(str(number) for number in range(spec.classes))
