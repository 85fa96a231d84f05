"""What the networks of a comparison can answer at all, if the picture may be something else."""

from resnet_viz.core.text import Text
from resnet_viz.pictures.samples import samples
from resnet_viz.ui.choose.picture_choice import PictureId
from resnet_viz.ui.frame.words import class_label

_FEW = 20  # classes that one sentence can list


def known_classes(picture: PictureId, classes: tuple[str, ...], text: Text) -> str:
    """Return one sentence on the classes; "" for a picture of one of them, or of very many."""
    if not 1 < len(classes) <= _FEW:
        return ""
    listed = text("footing.and").join(class_label(name, text) for name in classes)
    if not picture.sample:
        return text("footing.classes", count=len(classes), classes=listed)
    sample = samples().get(picture.sample)
    if sample is None or picture.digest or sample.label in classes:
        return ""  # a test image of the network's own data, or a photograph of a class
    return text("footing.none_of_them", count=len(classes), classes=listed,
                picture=sample.titles[text.language].lower())  # fmt: skip
