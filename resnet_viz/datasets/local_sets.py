"""Test images that are on this machine, for uses that never download."""

from functools import cache

from resnet_viz.core.places import fashion_mnist_folder
from resnet_viz.datasets.cifar10_images import EXCERPT, cifar10_test, is_excerpt
from resnet_viz.datasets.dataset import Dataset
from resnet_viz.datasets.named import DIGITS, FASHION_CLASSES, SOURCES, downloaded
from resnet_viz.networks.zoo.labels import CIFAR10_CLASSES
from resnet_viz.pictures.preprocess import CIFAR_PREPROCESSING
from resnet_viz.spec import NetworkSpec, ZooSpec


def local_sets() -> list[str]:
    """Names of the data sets whose test images are on this machine."""
    always = {"cifar10", "digits"}
    found = {"fashion-mnist"} if fashion_mnist_folder().is_dir() else set()
    return [name for name in SOURCES if name in always | found or downloaded(name)]


def local_test_set(name: str) -> Dataset:
    """Load a data set of ``local_sets`` for its test images.

    CIFAR-10's training images are left out, because reading them takes a minute. Where the whole
    set is not on this machine, its test images are the bundled excerpt, and the name says so:
    "cifar10-excerpt".
    """
    if name != "cifar10":
        return _loaded(name)
    test = cifar10_test()
    none = test.at(test.labels[:0])
    shown = EXCERPT.name if is_excerpt() else name
    return Dataset(shown, CIFAR10_CLASSES, CIFAR_PREPROCESSING, none, test)


@cache
def _loaded(name: str) -> Dataset:
    return SOURCES[name]()


def local_set_of(spec: NetworkSpec | ZooSpec, classes: tuple[str, ...]) -> str | None:
    """Return the set of ``local_sets`` that suits a network: its own, else one of its input.

    None if there is none on this machine. Small colour pictures of other classes get CIFAR-10's.
    """
    by_shape = {(3, 32): "cifar10", (1, 8): "digits"}
    own = set_of(spec, classes)
    if own in local_sets():
        return own
    return by_shape.get((spec.input_channels, spec.input_size))


def set_of(spec: NetworkSpec | ZooSpec, classes: tuple[str, ...]) -> str | None:
    """Return the data set that a network of this input and these classes was trained on, if known.

    Digits of 28 pixels are MNIST, of 8 pixels scikit-learn's.
    """
    shape = (spec.input_channels, spec.input_size)
    named = {
        (3, 32, CIFAR10_CLASSES): "cifar10",
        (1, 28, FASHION_CLASSES): "fashion-mnist",
        (1, 28, DIGITS): "mnist",
        (1, 8, DIGITS): "digits",
    }
    return named.get((*shape, classes))
