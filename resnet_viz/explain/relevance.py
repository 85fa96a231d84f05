"""Layer-wise relevance propagation: the score handed back from layer to layer, in proportion."""

from torch import Tensor

from resnet_viz.core.errors import NetworkError
from resnet_viz.explain.bias_terms import bias_terms
from resnet_viz.explain.method_options import Options
from resnet_viz.explain.operations import not_proportional
from resnet_viz.explain.raw_map import MapInSteps, PassesDone, RawMap
from resnet_viz.explain.scored_image import ScoredImage
from resnet_viz.records.map_facts import Completeness


def lrp(scored: ScoredImage, _options: Options) -> MapInSteps:
    """R_i = x_i dy/dx_i: LRP with the epsilon rule, as epsilon goes to zero.

    The rule hands the relevance R_j of z_j = sum_i x_i w_ij + b_j to x_i in the share
    x_i w_ij / z_j (Bach 2015, eq. 56). Through convolutions, linear layers, poolings, batch
    normalisation with running statistics and ReLU this is exactly the gradient times the value
    (Shrikumar 2016, arXiv 1605.01713), and an addition hands each term its own share, whether it is
    a module or a plus sign. Biases keep their shares: the relevance of the input adds up to the
    score without what they keep, which the record's completeness compares. A network with any other
    operation is refused.
    """
    yield PassesDone(0, 1)
    found = bias_terms(scored, placed=False, check=_check)
    attributions = (found.gradient * scored.image[0]).float().cpu().numpy()
    return RawMap(
        attributions.sum(0),
        vanishes=not attributions.any(),
        attributions=attributions,
        completeness=Completeness(float(attributions.sum()), scored.score - found.total),
    )


def _check(score: Tensor, leaf: Tensor) -> None:
    operation = not_proportional(score, leaf)
    if operation is not None:
        raise NetworkError("lrp_operation", operation=operation)
