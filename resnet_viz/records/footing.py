"""``Footing``: how a network was trained and what it reached.

A difference between two networks says something about the networks only where epochs, recipe and
data are the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from resnet_viz.core.converter import JsonObject, decode

#: Settings of a recipe on which no comparison rests: what other fields say, seed and threads.
_APART = ("epochs", "seed", "test_images", "threads", "augmentation")
#: Changes of training images before files recorded them, by the recipe's augmentation.
_CHANGES: Mapping[str, Mapping[str, object]] = {
    "crop_flip": {"shift": 4, "flip": True},
    "crop": {"shift": 4, "flip": False},
    "none": {"shift": 0, "flip": False},
}
#: What the oldest recipes do not record, because nothing else was possible then.
_ONCE: Mapping[str, object] = {
    "optimiser": "sgd",
    "l1": 0,
    "label_smoothing": 0,
    "warm_up": 0,
    "precision": "fp32",
    "images": 0,
}


@dataclass(frozen=True, eq=False)
class Footing:
    """How a network was trained and what it reached. Errors are shares of wrong predictions.

    Attributes
    ----------
    data
        Name of the data set.
    epochs
        Over all parts of the training.
    recipe
        Every other setting, as text; of a training in several parts with the values of each.
    seed
        Seed of the (last part of the) training.
    device
        The device that it was trained on.
    train_error
        Average over the augmented images of the last epoch.
    test_error
        On the test images, after the last epoch; of the weights as they are in the file.

    """

    data: str
    epochs: int
    recipe: Mapping[str, str]
    seed: int
    device: str
    train_error: float
    test_error: float

    @property
    def accuracy(self) -> float:
        """Share of the test images that are classified correctly."""
        return 1 - self.test_error


def footing_of(metadata: JsonObject) -> Footing | None:
    """Read the footing in the metadata of a weights file of this library.

    None if the file does not say how it was trained, or says something else than expected.
    """
    try:
        return _footing(metadata)
    except (AttributeError, KeyError, IndexError, TypeError, ValueError):
        return None


def _footing(metadata: JsonObject) -> Footing:
    training, last = metadata["training"], metadata["curve"][-1]
    parts = [training]
    while "before" in parts[0]:
        parts.insert(0, parts[0]["before"])
    recipes = [{**_ONCE, **part["recipe"], **_changes(part)} for part in parts]
    settings = {
        name: _values([recipe[name] for recipe in recipes])
        for name in recipes[-1]
        if name not in _APART
    }
    measured = {**last, **metadata.get("footing", {})}
    return Footing(
        data=PurePath(decode(str, training["data"])).name[:80],
        epochs=len(metadata["curve"]),
        recipe={**settings, "parts": str(len(parts))},
        seed=decode(int, training["recipe"]["seed"]),
        device=decode(str, training["device"])[:80],
        train_error=_share(measured["train_error"]),
        test_error=_share(measured["test_error"]),
    )


def _changes(training: JsonObject) -> Mapping[str, object]:
    """Return how far training images were shifted, and whether they were mirrored."""
    if "augmentation" in training:
        return {name: training["augmentation"][name] for name in ("shift", "flip")}
    return _CHANGES.get(training["recipe"].get("augmentation", "crop_flip"), {})


def _values(values: Sequence[object]) -> str:
    """One value, or those of each part, "0.2 + 0.1"."""
    return " + ".join(dict.fromkeys(map(_word, values)))


def _word(value: object) -> str:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return f"{value:g}" if is_number else str(value)[:80]


def _share(value: object) -> float:
    share = decode(float, value)
    if not 0 <= share <= 1:
        raise ValueError(value)
    return share


def differences(footings: Sequence[Footing]) -> dict[str, tuple[str, ...]]:
    """What is not the same in all trainings: "data", "epochs" or a setting, with each value."""
    rows = [{"data": one.data, "epochs": str(one.epochs), **one.recipe} for one in footings]
    names = dict.fromkeys(name for row in rows for name in row)
    values = {name: tuple(row.get(name, "") for row in rows) for name in names}
    return {name: own for name, own in values.items() if len(set(own)) > 1}
