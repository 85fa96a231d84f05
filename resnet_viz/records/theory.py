"""What theory says of the growth of gradients a layer, towards the input, in wide networks."""

import math

from resnet_viz.spec import Activation, Initialisation, Kind, NetworkSpec, Norm

#: sqrt(pi / (pi - 1)): a plain ReLU network with batch normalisation (Yang 2019, 1902.08129).
THEORY_BATCH_NORM = math.sqrt(math.pi / (math.pi - 1))
#: 1 / sqrt(6): PyTorch's default initialisation (variance 1 / (3 fan-in)) behind a ReLU.
THEORY_DEFAULT = 1 / math.sqrt(6)

_WITHOUT_NORM = {
    Initialisation.HE_FAN_OUT: 1.0,
    Initialisation.HE_FAN_IN: 1.0,
    Initialisation.XAVIER: math.sqrt(1 / 2),
    Initialisation.DEFAULT: THEORY_DEFAULT,
}


def theory(spec: NetworkSpec) -> float | None:
    """Growth of the activation gradient a layer in a plain ReLU network; None where unknown."""
    if spec.kind is not Kind.PLAIN or spec.activation is not Activation.RELU:
        return None
    if spec.norm is Norm.BATCH:
        return THEORY_BATCH_NORM
    return _WITHOUT_NORM[spec.initialisation] if spec.norm is Norm.NONE else None
