"""The closed choices of a spec."""

from enum import StrEnum


class Block(StrEnum):
    """The form of a block (He 2015, fig. 5)."""

    BASIC = "basic"
    BOTTLENECK = "bottleneck"

    @property
    def convolutions(self) -> int:
        """Number of convolutions on a block's branch."""
        return 2 if self is Block.BASIC else 3

    @property
    def expansion(self) -> int:
        """Output channels per unit of width."""
        return 1 if self is Block.BASIC else 4


class Shortcut(StrEnum):
    """How a block's input reaches its output (He 2015, sec. 3.3 and 4.1)."""

    ZERO_PAD = "zero_pad"  # option A: identity; subsampled and zero-padded where shapes differ
    PROJECTION = "projection"  # option B: identity; 1x1 convolution where shapes differ
    PROJECTION_ALL = "projection_all"  # option C: 1x1 convolution at every block
    NONE = "none"  # a plain network

    @property
    def projects(self) -> bool:
        """Whether blocks have convolutions on their shortcuts."""
        return self in (Shortcut.PROJECTION, Shortcut.PROJECTION_ALL)


class Padding(StrEnum):
    """Where option A puts the zero channels.

    He 2015, sec. 3.3, leaves it open. Trained from scratch it makes no difference, but trained
    weights work with their own padding only.
    """

    SPLIT = "split"  # half before, half behind: akamaster/pytorch_resnet_cifar10 and its heirs
    BEHIND = "behind"  # fb.resnet.torch and its heirs
    BEFORE = "before"


class ShortcutInput(StrEnum):
    """What a projection of a pre-activation block reads."""

    ACTIVATED = "activated"  # the input after normalisation and activation (He 2016, fig. 4e)
    RAW = "raw"  # the input itself


class Downsample(StrEnum):
    """What makes the output of a projection smaller."""

    STRIDE = "stride"  # its own
    AVG = "avg"  # the mean of 2x2 pixels before it (ResNet-D: He 2018, arXiv 1812.01187, fig. 2c)


class Stem(StrEnum):
    """The layers before the first block."""

    CIFAR = "cifar"  # one 3x3 convolution, stride 1
    IMAGENET = "imagenet"  # one 7x7 convolution, stride 2, and a 3x3 max pool, stride 2
    DEEP = "deep"  # three 3x3, the first with stride 2, and the pool (He 2018, fig. 2b)


class StemPool(StrEnum):
    """The 3x3 pool with stride 2 at the end of the stem."""

    USUAL = "usual"  # a max pool, and none in the stem for CIFAR
    NONE = "none"
    MAX = "max"
    MAX_ZEROS = "max_zeros"  # zeros around the image take part: Keras's pre-activation networks


class Order(StrEnum):
    """Where normalisation and activation are in a block."""

    POST = "post"  # after each convolution, the last activation after the sum (He 2015)
    PRE = "pre"  # before each convolution, nothing after the sum (He 2016, arXiv 1603.05027)


class Edges(StrEnum):
    """Where a convolution with a stride pads its input.

    Shapes are equal, but the two see pixels that are one apart; trained weights work with one only.
    """

    BOTH = "both"  # half the kernel on every side: PyTorch
    BEHIND = "behind"  # as little as possible, right and below first: "same" of TensorFlow, Keras


class StrideIn(StrEnum):
    """Which block of a stage has the stride."""

    FIRST = "first"  # of every stage but the first (He 2015)
    LAST = "last"  # of every stage but the last: Keras's pre-activation networks


class StrideOn(StrEnum):
    """Which convolution of a bottleneck has the stride; a basic block has it on its first."""

    CONV_3X3 = "3x3"  # torchvision, and most networks since
    CONV_1X1 = "1x1"  # the first convolution (He 2015)


class Attention(StrEnum):
    """What weighs the channels at the end of a branch, by their means over the image."""

    NONE = "none"
    SE = "se"  # squeeze and excitation (Hu 2018, arXiv 1709.01507)
    ECA = "eca"  # a convolution along the channels (Wang 2020, arXiv 1910.03151)


class Norm(StrEnum):
    """What normalises between layers."""

    BATCH = "batch"
    GROUP = "group"  # 32 groups, or fewer where the channels do not divide (arXiv 1803.08494)
    LAYER = "layer"  # all channels and positions of one image: one group
    NONE = "none"


class Activation(StrEnum):
    """The nonlinearity, the same one everywhere."""

    RELU = "relu"
    TANH = "tanh"
    SIGMOID = "sigmoid"
    GELU = "gelu"
    SILU = "silu"
    ELU = "elu"


class Initialisation(StrEnum):
    """The variance of a convolution's first weights, by its fans."""

    HE_FAN_OUT = "he_fan_out"  # normal, 2 / fan-out
    HE_FAN_IN = "he_fan_in"  # normal, 2 / fan-in
    XAVIER = "xavier"  # normal, 2 / (fan-in + fan-out)
    DEFAULT = "default"  # PyTorch's: uniform within 1 / sqrt(fan-in), variance 1 / (3 fan-in)


class Kind(StrEnum):
    """Which of the twins a network is."""

    RESIDUAL = "residual"
    PLAIN = "plain"
