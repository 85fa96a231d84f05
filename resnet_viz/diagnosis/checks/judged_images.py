"""Tier 3, single images: the largest losses with Grad-CAM, and likely wrong labels."""

import base64
import io
from collections.abc import Sequence

from jaxtyping import Float, Int64, UInt8
from PIL import Image
from torch import Tensor
from torch.nn.functional import cross_entropy

from resnet_viz.diagnosis.user_images import OwnImages
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.pictures.preprocess import normalise
from resnet_viz.probe.analyze import analyze
from resnet_viz.records import JudgedImage

SHOWN = 8  # images of each kind


def top_losses(
    network: ResNet, images: OwnImages, logits: Float[Tensor, "n classes"]
) -> tuple[str, tuple[JudgedImage, ...]]:
    """Find the images with the largest cross-entropy and compute their Grad-CAM.

    Parameters
    ----------
    network
        The network.
    images
        Labelled images.
    logits
        The network's outputs for all images, (n, classes).

    Returns
    -------
    layer
        Name of the last block, where Grad-CAM of the predicted class is computed.
    losses
        Up to ``SHOWN`` images, largest loss first.

    """
    labels = _labels(images)
    chosen = cross_entropy(logits, labels, reduction="none").argsort(descending=True)[:SHOWN]
    answers = logits.argmax(1)[chosen]
    layer = network.spec.blocks()[-1]
    batch = normalise(images.pixels[chosen], images.preprocessing)
    analysis = analyze(network, batch, target=answers.tolist(), layers=[layer])
    cams = [tuple(map(tuple, cam.tolist())) for cam in analysis.cams[layer]]
    return layer, judged(images, logits, chosen, answers, cams)


def judged(
    images: OwnImages,
    logits: Float[Tensor, "n classes"],
    chosen: Int64[Tensor, " k"],
    answers: Int64[Tensor, " k"],
    cams: Sequence[tuple[tuple[float, ...], ...]] = (),
) -> tuple[JudgedImage, ...]:
    """Collect labels, probabilities, loss and picture of single images.

    Parameters
    ----------
    images
        Labelled images.
    logits
        The network's outputs for all images, (n, classes).
    chosen
        Indices of the images to collect, (k,).
    answers
        The class to show with each image, besides its label, (k,).
    cams
        A Grad-CAM map for each image, or none.

    """
    labels = _labels(images)
    probabilities = logits[chosen].softmax(1)
    losses = cross_entropy(logits[chosen], labels[chosen], reduction="none")
    return tuple(
        JudgedImage(
            number=int(number),
            truth=int(labels[number]),
            answer=int(answers[place]),
            truth_probability=float(probabilities[place, labels[number]]),
            answer_probability=float(probabilities[place, answers[place]]),
            loss=float(losses[place]),
            picture=_png(images.pixels[number]),
            cam=cams[place] if cams else (),
        )
        for place, number in enumerate(chosen)
    )


def _labels(images: OwnImages) -> Int64[Tensor, " n"]:
    assert images.labels is not None
    return images.labels


def _png(pixels: UInt8[Tensor, "channels size size"]) -> str:
    rgb = pixels.expand(3, -1, -1).permute(1, 2, 0).contiguous()
    file = io.BytesIO()
    Image.fromarray(rgb.numpy()).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode("ascii")
