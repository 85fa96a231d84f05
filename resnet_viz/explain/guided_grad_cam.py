"""Guided Grad-CAM: guided backpropagation times the enlarged Grad-CAM of a layer."""

from dataclasses import dataclass

from resnet_viz.explain.captum_methods import CaptumMethod, Networks, channel_sum
from resnet_viz.explain.method_options import Options
from resnet_viz.explain.raw_map import MapInSteps, PassesDone, RawMap
from resnet_viz.explain.scored_image import ScoredImage


@dataclass(frozen=True)
class GuidedGradCam:
    """A row's ``run`` (Selvaraju 2017, arXiv 1610.02391, sec. 3.2)."""

    guided_backprop: CaptumMethod

    @property
    def networks(self) -> Networks:
        """What guided backpropagation needs."""
        return self.guided_backprop.networks

    def __call__(self, scored: ScoredImage, layer: str, _options: Options) -> MapInSteps:
        """The product at every number of the image, summed over channels."""
        yield PassesDone(0, 1)
        cam = scored.analysis.upsampled(layer, scored.size)[0]
        guided = self.guided_backprop.attributions(scored, options={})
        product = guided[0].float().cpu().numpy() * cam
        gradient = scored.analysis.activation_gradients[layer]
        return RawMap(channel_sum(product), vanishes=not gradient.any(), attributions=product)
