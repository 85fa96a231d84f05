"""Theoretical growth of gradients per layer, towards the input, in wide plain networks."""

import math

from resnet_viz.spec import Activation, Initialisation, Kind, NetworkSpec, Norm

#: Growth with batch normalisation (Yang et al. 2019, arXiv 1902.08129).
THEORY_BATCH_NORM = math.sqrt(math.pi / (math.pi - 1))
#: Growth with PyTorch's default initialisation, of variance 1 / (3 fan-in), and ReLU.
THEORY_DEFAULT = 1 / math.sqrt(6)

_WITHOUT_NORM = {
    Initialisation.HE_FAN_OUT: 1.0,
    Initialisation.HE_FAN_IN: 1.0,
    Initialisation.XAVIER: math.sqrt(1 / 2),
    Initialisation.DEFAULT: THEORY_DEFAULT,
}


def theory(spec: NetworkSpec) -> float | None:
    """Return the growth factor of the activation gradient per layer, towards the input.

    Known for plain ReLU networks with batch normalisation or without any; else None.
    """
    if spec.kind is not Kind.PLAIN or spec.activation is not Activation.RELU:
        return None
    if spec.norm is Norm.BATCH:
        return THEORY_BATCH_NORM
    return _WITHOUT_NORM[spec.initialisation] if spec.norm is Norm.NONE else None
