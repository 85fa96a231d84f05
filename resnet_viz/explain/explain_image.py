"""Any method on one image or many, as one record."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import cast

from resnet_viz.core.errors import TargetError
from resnet_viz.explain.baselines import Baseline
from resnet_viz.explain.explaining import explaining
from resnet_viz.explain.image_batches import (
    Images,
    OneImage,
    Targets,
    check_targets,
    how_many,
    is_iterable,
    of_batch,
    of_iterable,
)
from resnet_viz.explain.method_names import MethodName
from resnet_viz.explain.progress_bar import bar
from resnet_viz.pictures.decode import Picture
from resnet_viz.probe.inputs import Inputs, Layer, Network, as_batch, check_images, checked_network
from resnet_viz.probe.layouts import ReshapeOption
from resnet_viz.records import Activation
from resnet_viz.records.map_facts import Fused
from resnet_viz.results.explanation_result import Explanation, Explanations


def explain(  # noqa: PLR0913  # all but two have defaults, and are given by name
    network: Network,
    images: Images,
    method: MethodName | str = MethodName.GRAD_CAM,
    *,
    layer: Layer | Fused | None = None,
    target: Targets = None,
    against: int | None = None,
    options: Mapping[str, float] | None = None,
    seed: int = 0,
    reshape: ReshapeOption = None,
    activation: Activation | str | None = None,
    baseline: Baseline | None = None,
    classes: Sequence[str] | Mapping[int, str] | None = None,
    progress: bool = True,
    keep_images: bool = True,
) -> Explanation | Explanations:
    """Explain the score of normalised images by any method of ``METHODS``.

    The network is left unchanged. Images are explained one after the other, each as if it were
    alone.

    Parameters
    ----------
    network
        Any network, or what ``load`` returned; its output is logits (batch, classes) unless
        ``target`` is a function.
    images
        A batch (batch, channel, *positions), or a tuple of such batches for a network with several
        inputs, of which the first is explained. A ``DataLoader`` or another iterable of batches,
        with or without labels. A picture or a list of pictures for what ``load`` returned.
    method
        By name, with or without hyphens.
    layer
        The layer of a ``LayerMethod`` by name or as a module, or several layers as one map. By
        default the last layer that holds the whole signal, as a block after its addition. A method
        at the input ignores it.
    target
        The class whose logit is the score; one for each image of a batch; None for the top class.
        A function from the network's output to one score for each image of a batch defines the
        score itself. "label" means the labels that a loader gives with its images.
    against
        A class whose logit is subtracted from the score.
    options
        The method's own options where they differ from the defaults.
    seed
        Seed of the method's random numbers.
    reshape, activation, classes
        As for ``analyze``.
    baseline
        What a method that compares takes for no information: "zero" (the default, the mean colour
        of the training set), "mean" of each channel of the image, "blur", or a tensor that fits the
        image.
    progress
        Whether several images have a progress bar.
    keep_images
        Whether the records keep the images, on which they draw their maps. Without them a long run
        needs less memory.

    Returns
    -------
    Explanation or Explanations
        Of a batch of one image or one picture the explanation, otherwise all of them as a sequence.

    Raises
    ------
    OptionError, LayerError, TargetError, NetworkError
        An argument is invalid, or the method does not work with the network.

    """
    check_targets(target)
    one_by_one = partial(
        explaining,
        network,
        method=method,
        layer=layer,
        against=against,
        options=options,
        seed=seed,
        reshape=reshape,
        activation=activation,
        baseline=baseline,
        classes=classes,
        keep_image=keep_images,
    )

    def explained(one: OneImage) -> Explanation:
        steps = one_by_one(one.inputs, target=one.target)
        return next(step for step in steps if isinstance(step, Explanation))

    if is_iterable(images):
        assert isinstance(images, Iterable)
        work: Iterable[OneImage] = of_iterable(network, images, target)
        total = how_many(images)
    else:
        inputs = as_batch(network, images) if isinstance(images, Picture) else images
        check_images(checked_network(network), inputs)
        work = of_batch(cast("Inputs", inputs), None if isinstance(target, str) else target)
        total = len(work)
        if isinstance(target, str):
            raise TargetError("target_no_labels")
        if total == 1:
            return explained(work[0])
    found, labels = [], []
    with bar(total, shown=progress) as advance:
        for one in work:
            found.append(explained(one))
            labels.append(one.label)
            advance()
    known = [label for label in labels if label is not None]
    return Explanations(tuple(found), tuple(known) if known and len(known) == len(found) else None)
