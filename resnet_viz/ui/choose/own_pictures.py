"""The pictures of the data that a network was trained on."""

from pathlib import Path

from resnet_viz.checkpoints.ref import NetworkRef
from resnet_viz.datasets.dataset_pictures import LabelledPicture, labelled_pictures, set_pictures
from resnet_viz.datasets.local_sets import local_set_of
from resnet_viz.records import WeightSource
from resnet_viz.training.run_samples import SAMPLES_FILE, read_samples
from resnet_viz.ui.frame.engines import results


def own_pictures(ref: NetworkRef) -> tuple[LabelledPicture, ...]:
    """Return test images of the data that a network was trained on.

    A training has kept some of its own. For other networks they are of the data set on this machine
    with the network's input and classes. Empty for networks of photographs, for which the bundled
    ones are right.
    """
    known = local_set_of(ref.spec, ref.classes)
    if known == "cifar10":
        return ()
    path = ref.weights.path
    if ref.weights.source is WeightSource.FILE and path is not None:
        kept = _kept(path.parent, ref.classes)
        if kept:
            return kept
    return set_pictures(known) if known is not None else ()


def _kept(folder: Path, classes: tuple[str, ...]) -> tuple[LabelledPicture, ...]:
    if not (folder / SAMPLES_FILE).is_file():
        return ()

    def read() -> tuple[LabelledPicture, ...]:
        images = read_samples(folder)
        fits = images is not None and int(images.labels.max()) < len(classes)
        return labelled_pictures(images, classes) if images is not None and fits else ()

    return results().cached(("run_pictures", folder, classes), read, size=1_000_000)
