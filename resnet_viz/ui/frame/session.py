"""The session state and the page address: the only file that reads and writes them.

A key is a value: ``OPACITY.get()``, ``OPACITY.set(40)``; bind a widget with ``key=OPACITY.name``.
Some keys are also in the address, so that a link reproduces the page. Streamlit can bind a widget
to the address, but writes its translated label; these keys write the value.

Results do not belong here: Streamlit frees the session of a closed tab only when the next visitor
connects.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import streamlit as st

T = TypeVar("T")


@dataclass(frozen=True)
class Key(Generic[T]):
    """A value of the session, with the default that ``get`` returns until it is set."""

    name: str
    default: T

    def get(self) -> T:
        """Return the value, or the default if none is set."""
        value: T = st.session_state.get(self.name, self.default)
        return value

    def set(self, value: T) -> None:
        """Set the value."""
        st.session_state[self.name] = value

    def setdefault(self, value: T) -> T:
        """Return the value; set it first if there is none."""
        current: T = st.session_state.setdefault(self.name, value)
        return current

    def pop(self) -> T:
        """Return the value and forget it."""
        value: T = st.session_state.pop(self.name, self.default)
        return value

    @property
    def is_set(self) -> bool:
        """Whether a value is set."""
        return self.name in st.session_state

    @property
    def in_address(self) -> str:
        """The value in the address, or an empty string."""
        return str(st.query_params.get(self.name, ""))

    def write_address(self, value: str) -> None:
        """Write a value to the address; an empty one is removed."""
        if not value:
            st.query_params.pop(self.name, None)
        elif self.in_address != value:
            st.query_params[self.name] = value

    def publish(self, default: object) -> None:
        """Copy the widget's value to the address, after the widget; the default is left out."""
        value = str(st.session_state.get(self.name, default))
        self.write_address("" if value == str(default) else value)


class Choice(Key[str]):
    """One of several strings."""

    def restore(self, allowed: Collection[str], default: str) -> None:
        """Before the widget, take the value from the session or the address, if allowed."""
        wanted = st.session_state.get(self.name, st.query_params.get(self.name))
        st.session_state[self.name] = wanted if wanted in allowed else default


class Number(Key[int]):
    """A non-negative integer."""

    def restore(self, highest: int) -> None:
        """Before the widget, take the value from the session or the address, up to ``highest``."""
        digits = str(st.session_state.get(self.name, st.query_params.get(self.name, "0")))
        is_number = digits.isascii() and digits.isdigit() and len(digits) < 12
        st.session_state[self.name] = min(int(digits), highest) if is_number else 0


class Spot(Key[tuple[float, float] | None]):
    """A position in a picture, x and y as shares of its width and height; None until chosen."""

    def restore(self) -> None:
        """Take the value from the session or the address, if it lies in the picture."""
        if self.name not in st.session_state:
            st.session_state[self.name] = _shares(self.in_address[:40])

    def write(self) -> None:
        """Copy the value to the address."""
        spot = self.get()
        self.write_address("" if spot is None else "{:.4f},{:.4f}".format(*spot))


def _shares(words: str) -> tuple[float, float] | None:
    try:
        x, y = map(float, words.split(","))
    except ValueError:
        return None
    return (x, y) if 0 <= x < 1 and 0 <= y < 1 else None


@dataclass(frozen=True)
class Keys(Generic[T]):
    """Keys that differ in one word, for example one per experiment: ``GUESS["paths"]``."""

    pattern: str
    default: T

    def __getitem__(self, word: str) -> Key[T]:
        return Key(self.pattern.format(word), self.default)


def address() -> dict[str, str]:
    """Return all parameters of the address."""
    return {name: str(value) for name, value in st.query_params.items()}


def allow_rerun() -> None:
    """Let a newer rerun of the page interrupt this one here; call it while waiting."""
    st.session_state.get("waiting")


# Every page
SEEN = Key("seen", False)  # whether the visitor has left the first page
START = Choice("start", "")  # in the address only: the first page, once more
LANGUAGE = Choice("lang", "en")
VISITOR = Key("visitor", "")  # this tab's key, where the browser keeps no cookies
SHARE = Choice("share", "")  # in the address only: the key of a link to somebody's run
SHARES = Key[frozenset[str]]("shares", frozenset())  # the keys of such links opened here
STOPPED = Keys[Any]("stopped_{}", None)  # the work that the visitor stopped, by place

# Pictures, networks and classes to choose from
SAMPLE = Choice("sample", "")
UPLOAD = Key[Any]("upload", None)  # the uploaded file
CAMERA = Key[Any]("camera", None)
OWN_PICTURE = Key[Any]("own_picture", None)  # a PictureId
OWN_FILES = Key[dict[str, tuple[str, bytes]]]("own_files", {})  # name and file of own pictures
REPLACED_PICTURE = Key[Any]("replaced_picture", None)  # the previous one
PICTURE_ERROR = Key[Any]("picture_error", None)  # why an upload was refused
NETWORK, SECOND_NETWORK = Choice("network", ""), Choice("beside", "")
WEIGHTS, SECOND_WEIGHTS = Choice("weights", ""), Choice("weights_beside", "")
WANTED, SECOND_WANTED = Key("wanted", ""), Key("wanted_beside", "")  # weights that were asked for
WEIGHTS_OF, SECOND_WEIGHTS_OF = Key("weights_of", ""), Key("weights_of_beside", "")  # the network
SEED, SECOND_SEED = Number("seed", 0), Number("seed_beside", 0)
TWIN_WEIGHTS, SECOND_TWIN_WEIGHTS = Choice("plain", ""), Choice("plain_beside", "")
TARGET = Choice("target", "")
RUN = Choice("run", "")  # a training; in Train the one that is shown
DESIGN = Choice("design", "")  # a packed spec; in the address only
OPENED = Key[dict[str, Any]]("openings", {})  # networks by id; their type is in a layer above
UPLOADS = Key[dict[tuple[str, ...], Any]]("uploads_written", {})  # paths by the files' ids
LAST_CHOICE = Key[dict[str, Any]]("last_good_networks", {})  # its networks, by session key
REFUSED = Key[Any]("refused_networks", None)  # why the page went back to them
LAST_QUESTION = Key[Any]("last_good_question", None)  # the last one with an answer

# Compare
COMPARE_TAB = Choice("tab", "")
LAYER = Choice("layer", "")  # Explain's too
LAYER_AMONG = Key[Any]("layer_among", None)  # the layers among which it was chosen
RANK = Number("rank", 0)  # of the channel, by Grad-CAM weight
PIXEL = Spot("pixel", None)
STAGE_TURN = Key("stage_turn", 0)  # the browser's last selection that was read
OPACITY = Key("opacity", 55)  # percent
OWN_SCALE = Key("own_scale", False)
SCORE = Choice("score", "logit")

# Build
PRESET = Choice("preset", "")  # what the page is about
DESIGN_FIELD = Keys[Any]("design_{}", None)  # by the field of a NetworkSpec
DESIGN_SEED = Key[int | None]("design_seed", None)
DESIGN_SPEC = Key[Any]("design_spec", None)  # the last one that could be built
DESIGN_BATCH = Key("design_batch", 128)
DESIGN_SHOWN = Key[Any]("design_shown", None)  # the design on the page, and the one before
DESIGN_UPLOAD = Key[Any]("design_upload", None)
DESIGN_REFUSED = Key[Any]("design_refused", None)  # why an upload was refused
DESIGN_FAMILY = Choice("design_family", "")
DESIGN_GRAPH = Key[Any]("design_graph", None)  # a plot's selection
DESIGN_BLOCK = Key[str | None]("design_inside", None)
BLOCK_PLOT = Key[Any]("block_plot", None)  # a plot's selection
DESIGN_LAYER = Key[str | None]("design_layer", None)
BACKBONE_WEIGHTS = Choice("work_weights", "")
BACKBONE_STAGE = Key[str | None]("work_stage", None)

# Explain
METHOD = Choice("method", "")  # the one that is opened; empty for the wall of all
WALL_SORT = Choice("sort", "")  # the measure that the wall is sorted by
EXPLAIN_OPACITY = Key("explain_opacity", 90)  # percent
WALL_WHOLE = Key("wall_whole", False)  # whether the slow methods were asked for too
WALL_JOBS = Key[list[Any]]("wall_jobs", [])  # keys of what fills the wall
FUSION = Choice("fuse", "")
AGAINST = Choice("against", "")
GALLERY_RUN = Key[str | None]("gallery_run", None)
GALLERY_OPENED = Key[tuple[str, int] | None]("gallery_opened", None)  # run, picture's number

# Gradients; a preset's name is in the address as Build's is
LAB_TAB = Choice("lab_tab", "")
LAB_PRESET = Choice("lab_preset", "")
LAB = Keys[Any]("lab_{}", None)  # the laboratory's settings
FORMULA_NETWORK = Key("formula_network", "resnet20")
FORMULA_BLOCK = Key[str | None]("formula_block", None)
FORMULA_PLACE_OF = Key[Any]("formula_place_of", None)  # the block and picture of that place
FORMULA_PLACE = Keys[int | None]("formula_{}", None)  # channel, row, column

# Train
TRAIN_DATA = Choice("data", "")
TRAIN_ZIP = Key[Any]("train_own", None)
TRAIN_FOLDER = Key[Any]("train_folder", None)
TRAIN_UPLOAD = Keys[str | None]("train_{}_path", None)  # path of an upload, by its kind
TRAIN_SETTINGS = Key("train_settings", False)  # whether they are unfolded
TRAIN_MOMENT = Keys[int]("train_moment_{}", 0)  # the epoch that is looked back at, by run
TRAIN_REACHED = Keys[int]("train_reached_{}", 0)  # the newest epoch that was shown, by run
TRAIN_NETWORK = Choice("train_network", "")
TRAIN_START = Choice("train_start", "")
RECIPE = Choice("recipe", "")

# Experiments
EXPERIMENT = Key[str | None]("experiment", None)
GUESSES = Key("guesses", "")  # what was guessed, packed
ASKED = Keys[str | None]("guess_{}", None)  # the answer that is being chosen, by experiment
SHOWN = Keys[str | None]("shown_{}", None)  # a recording, a run or "here", by experiment
MEASURING = Key("measuring", False)  # whether the way to measure here is open
MEASURED = Keys[Any]("measured_{}", None)  # the settings that were measured here, by experiment

# Learn
LESSON = Key[str | None]("lesson", None)
LESSON_STEPS = Keys[int]("lesson_step_{}", 0)  # the step reached, 1 to 5, by lesson
LESSON_GUESSES = Keys[str | None]("lesson_guess_{}", None)  # a choice, or "skip", by lesson
LESSON_SURENESS = Keys[str | None]("lesson_sure_{}", None)
LESSON_ANSWERS = Keys[Any]("lesson_answer_{}", None)  # what was committed, by lesson and task
LESSON_CHANGE = Keys[str | None]("lesson_change_{}", None)  # the view that was chosen, by lesson
LESSON_MEASURED = Keys[bool]("lesson_measured_{}", False)  # whether it is measured here too
LESSON_VARIANT = Keys[int]("lesson_variant_{}", 1)
ADDRESS_STEP, ADDRESS_GUESS = Key("step", ""), Key("guess", "")  # in the address only
ADDRESS_PANEL = Key("panel", "")
PRESENT = Key("present", "")  # in the address only: "1" for the projector
PRESENT_PANEL = Keys[int | None]("present_panel_{}", None)  # by lesson
CLASS_CODE, CLASS_TEACHER, CLASS_ME = Key("class", ""), Key("teacher", ""), Key("me", "")
CLASS_TYPED = Key("class_typed", "")
LINK_STEP, LINK_LANGUAGE = Key("link_step", 1), Key("link_language", False)
LEARN_TAB = Choice("learn_tab", "")
WORD_WANTED = Key("word_wanted", "")

# Debug
CHECKPOINT, SECOND_CHECKPOINT = Choice("checkpoint", ""), Choice("second", "")
IMAGES = Choice("looked_at", "")
IMAGES_FOR = Key("images_for", "")  # the data of the network that they were chosen for
COPY = Keys[str]("copy_{}", "")  # the set of weights, by file and place
COPY_WIDGET = Keys[str]("copy_widget_{}", "")
REPAIRED = Keys[Any]("repaired_{}", None)  # the repair that was asked for, by place
XRAY_PLOT = Keys[Any]("xray_{}", None)  # the drawing's selection
XRAY_LAYER = Keys[str]("xray_layer_{}", "")  # the layer whose histograms are shown, by place
STRESSED = Keys[Any]("stressed_{}", None)  # the key of the measurement that was asked for
OTHER_COPY = Keys[str]("other_copy_{}", "")  # another set of weights to compare, by file
OTHER_COPY_WIDGET = Keys[bool]("other_copy_widget_{}", False)
LAST_REPORT = Keys[Any]("last_good_checkpoint_{}", None)  # by place


#: Set by the browser once the visitor has left the first page, for a year.
SEEN_COOKIE = "resnet_viz_seen"
#: What an address may hold without being a link to something.
_NO_PLACE = {LANGUAGE.name}


def first_visit() -> bool:
    """Whether to show the first page: to new visitors who follow no link, or if asked for."""
    if START.in_address:
        return True
    return not (SEEN.get() or SEEN_COOKIE in st.context.cookies or address().keys() - _NO_PLACE)


def leave_first_visit() -> None:
    """Remember that the visitor has seen the first page."""
    SEEN.set(True)
    START.write_address("")
