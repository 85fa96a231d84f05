"""What the curves of a training say, in words: no more than the numbers allow."""

from resnet_viz.core.text import Text
from resnet_viz.figures.training_plots import Epochs
from resnet_viz.records import TWINS, Epoch, ImageChanges

_LEARNED = 0.1  # training error of a network that has learned its training images
_GAP = 0.01  # difference of training errors that counts
_DEEP = 30  # layers; plain and residual networks of 18 end level (He 2015, table 2), of 34 not


def training_sentence(epochs: Epochs, depth: int, text: Text) -> str:
    """Return both errors after the last epoch that both networks have finished, and their meaning.

    "Not overfitting" needs two networks that have learned their training images. A gap before
    that, or between shallow networks, is a difference of speed.
    """
    rows = [epochs.get(role, ()) for role in TWINS]
    both = min(len(r) for r in rows)
    if not both:
        single = next((r for r in rows if r), None)
        if single is None:
            return text("train.sentence_none")
        last = single[-1]
        return text("train.sentence_single", kind=text(f"roles.{last.kind}"),
                    epoch=last.epoch, test=f"{100 * last.test_error:.1f}",
                    train=f"{100 * last.train_error:.1f}")  # fmt: skip
    residual, plain = (r[both - 1] for r in rows)
    return text(
        f"train.sentence_{_meaning(residual, plain, depth)}",
        epoch=both,
        residual_train=f"{100 * residual.train_error:.1f}",
        plain_train=f"{100 * plain.train_error:.1f}",
        residual_test=f"{100 * residual.test_error:.1f}",
        plain_test=f"{100 * plain.test_error:.1f}",
    )


def _meaning(residual: Epoch, plain: Epoch, depth: int) -> str:
    gap = plain.train_error - residual.train_error
    if gap < -_GAP:
        return "reverse"
    if gap <= _GAP:
        return "level"
    if depth < _DEEP or residual.train_error >= _LEARNED:
        return "speed"
    return "degrades" if plain.train_error < _LEARNED else "behind"


def training_note(epochs: Epochs, changes: ImageChanges | None, text: Text) -> str | None:
    """Return why training error stands above test error, if it does in the last epoch."""
    if not any(rows and rows[-1].train_error > rows[-1].test_error for rows in epochs.values()):
        return None
    if changes is None or not changes.any:
        return text("train.note_train_above")
    return text("train.note_train_augmented", changes=told_changes(changes, text))


def told_changes(changes: ImageChanges, text: Text) -> str:
    """Return what augmentation does: "shifted by up to 4 px, half of them mirrored"."""
    match changes.shift > 0, changes.flip:
        case True, True:
            key = "both"
        case True, False:
            key = "shift"
        case False, True:
            key = "flip"
        case _:
            key = "none"
    return text(f"train.changes_{key}", shift=changes.shift)
