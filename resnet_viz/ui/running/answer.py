"""The comparison that answers a question, computed once per question."""

from dataclasses import replace
from pathlib import Path

import streamlit as st

from resnet_viz.checkpoints.load import load_two
from resnet_viz.checkpoints.loaded import Loaded
from resnet_viz.checkpoints.ref import NetworkRef
from resnet_viz.core.errors import (
    CheckpointError,
    DownloadError,
    OptionError,
    ResnetVizError,
    WorkerError,
)
from resnet_viz.core.text import Text
from resnet_viz.figures.comparison_drawing import network_title
from resnet_viz.jobs.job import Running
from resnet_viz.pictures.decode import Picture
from resnet_viz.probe.compare import analyse_side, combined
from resnet_viz.records import Comparison, Pair, Side, WeightSource
from resnet_viz.spec import NetworkSpec
from resnet_viz.ui.choose.network_choice import remember_choice
from resnet_viz.ui.choose.picture_choice import find_picture
from resnet_viz.ui.choose.question import Question
from resnet_viz.ui.frame.engines import results
from resnet_viz.ui.frame.messages import show_error
from resnet_viz.ui.frame.serving import Audience, serving
from resnet_viz.ui.frame.session import (
    LAST_CHOICE,
    LAST_QUESTION,
    REFUSED,
    SECOND_WANTED,
    SECOND_WEIGHTS,
    WANTED,
    WEIGHTS,
)
from resnet_viz.ui.running.downloading import fetch
from resnet_viz.ui.running.safe_weights import safe_ref
from resnet_viz.ui.running.waiting import wait

_LARGE, _DEEP = 128, 101  # pixels and layers of what takes seconds: ResNet-101 and deeper
_MANY = 30  # main steps of other networks that take as long
_HEAVY_BYTES = 600_000_000  # of the values of all layers, and their gradients, while it runs


def answerable(question: Question, text: Text) -> Question | None:
    """Return the question if it can be answered; after an error, the last one that could."""
    last: Question | None = LAST_QUESTION.get()
    say_refusal(text)
    try:
        answer(question, text)
    except ResnetVizError as error:
        refuse(error)
        show_error(error, text)
        if question == last:  # a file that was there is gone
            LAST_QUESTION.pop()
            return None
        return last
    LAST_QUESTION.set(question)
    remember_choice()
    return question


def refuse(error: ResnetVizError) -> None:
    """Return to the last networks that could be loaded, if these could not be.

    The page starts again, so that its controls name what it shows, and says why.
    """
    if isinstance(error, (CheckpointError, DownloadError, WorkerError)) and LAST_CHOICE.get():
        REFUSED.set(error)
        st.rerun()


def say_refusal(text: Text) -> None:
    """Say why the page went back to other networks; once."""
    error: ResnetVizError | None = REFUSED.pop()
    if error is not None:
        show_error(error, text)


def answer(question: Question, text: Text) -> Comparison:
    """Return the comparison, from the shared results if it is there."""
    picture, pair = picture_and_twins(question, text)
    label = text("compare.working", network=network_title(question.first.spec, text))
    both = pair.map(lambda loaded: _side(loaded, picture, question))  # in parallel
    sides = both.map(lambda side: wait(side, label))
    key = ("comparison", pair.first.digest, pair.second.digest, *_conditions(picture, question))
    joined = results().compute(
        key,
        lambda: combined(picture, pair.first.preprocessing, sides, question.target),
        lambda comparison: comparison.photo.nbytes,
    )
    return wait(joined, label)


def picture_and_twins(question: Question, text: Text) -> tuple[Picture, Pair[Loaded]]:
    """Load the picture and both networks. Raises ``OptionError`` if the picture is gone."""
    picture = find_picture(question.picture)
    if picture is None:
        raise OptionError("picture_gone", name=question.picture.name)
    for ref in (question.first, question.second):
        if ref.weights.source is WeightSource.PRETRAINED:
            fetch(ref.spec.name, text, WEIGHTS, WANTED, SECOND_WEIGHTS, SECOND_WANTED)
    label = text("compare.working", network=network_title(question.first.spec, text))
    refs = Pair(question.first, question.second).map(lambda ref: safe_ref(ref, label))
    return picture, wait(_pair(refs, question.device), label)


def _conditions(picture: Picture, question: Question) -> tuple[object, ...]:
    return picture.digest, picture.name, question.target, question.score, question.device


def _pair(refs: Pair[NetworkRef], device: str) -> Running[Pair[Loaded]]:
    return results().compute(
        ("pair", refs.first, refs.second, device),
        lambda: load_two(refs.first, refs.second, device).map(_as_told),
        _weights_bytes,
    )


def _as_told(loaded: Loaded) -> Loaded:
    """Where others look, the printed code names the file, and no folder of the server."""
    if serving().audience is Audience.ALONE or loaded.path is None:
        return loaded
    return replace(loaded, path=Path(loaded.path.name))


def _side(loaded: Loaded, picture: Picture, question: Question) -> Running[Side]:
    return results().compute(
        ("side", loaded.digest, loaded.source, *_conditions(picture, question)),
        lambda: analyse_side(loaded, picture, target=question.target, score=question.score),
        lambda side: side.nbytes,
        heavy=is_heavy(loaded),
        needs=_HEAVY_BYTES if is_heavy(loaded) else 0,
    )


def is_heavy(loaded: Loaded) -> bool:
    """Whether one pass through a network takes seconds: deep, and of photographs."""
    spec = loaded.spec
    deep = spec.depth >= _DEEP if isinstance(spec, NetworkSpec) else len(spec.blocks()) >= _MANY
    return deep and spec.input_size >= _LARGE


def _weights_bytes(pair: Pair[Loaded]) -> int:
    both = (pair.first.network, pair.second.network)
    return sum(p.numel() * p.element_size() for network in both for p in network.parameters())
