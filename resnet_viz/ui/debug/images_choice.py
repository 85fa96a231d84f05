"""The choice of images for a diagnosis: bundled photographs, a data set, or uploads."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import streamlit as st

from resnet_viz.core.text import Text
from resnet_viz.datasets.cifar10_images import is_excerpt
from resnet_viz.datasets.local_sets import local_sets
from resnet_viz.diagnosis.user_images import MOST_LABELLED
from resnet_viz.pictures.decode import safe_name
from resnet_viz.ui.choose.uploads import kept_file, kept_pictures
from resnet_viz.ui.debug.checkpoint_choice import CheckpointId
from resnet_viz.ui.frame.session import IMAGES, IMAGES_FOR

_MOST_MEGABYTES = {"picture": 20, "zip": 200}


class Source(StrEnum):
    """Where images come from, apart from named data sets."""

    BUNDLED = "bundled"
    TRAINING = "training"  # the folder or ZIP that the network was trained on
    PICTURES = "pictures"
    ZIP = "zip"


@dataclass(frozen=True)
class ImagesId:
    """Images for a diagnosis; ``place`` is a data set's name or the path of an upload."""

    source: str = Source.BUNDLED
    place: str = ""
    name: str = ""


def choose_images(text: Text, checkpoints: Sequence[CheckpointId] = ()) -> ImagesId:
    """Ask for images; by default those of the data that the network was trained on.

    Without known data, and until an upload is there, these are the bundled photographs.
    """
    named = local_sets()
    data = checkpoints[0].data if checkpoints else ""
    # A network of digits never looks at photographs; one of a visitor's pictures may.
    first = [] if data in named else [Source.BUNDLED]
    if data and data not in named:
        first.insert(0, Source.TRAINING)
    options = [*first, *named, Source.PICTURES, Source.ZIP]
    usual = data if data in named else first[0]
    if IMAGES_FOR.is_set and IMAGES_FOR.get() != data:
        IMAGES.set(usual)  # a network of other data
    IMAGES_FOR.set(data)
    IMAGES.restore(options, usual)
    chosen = str(
        st.selectbox(
            text("debug.images"),
            options,
            format_func=lambda name: image_source(name, text),
            key=IMAGES.name,
            help=text("debug.images_help", most=MOST_LABELLED),
        )
    )
    IMAGES.publish(usual)
    match chosen:
        case Source.PICTURES:
            return _pictures(text)
        case Source.ZIP:
            return _zip(text)
        case Source.BUNDLED:
            return ImagesId()
        case Source.TRAINING:
            return ImagesId(Source.TRAINING, data, safe_name(Path(data).name))
        case name:
            return ImagesId(name, name, name)


def image_source(name: str, text: Text) -> str:
    """Return the label of a source of images."""
    excerpt = name == "cifar10" and is_excerpt()
    return text(f"image_sources.{name}{'-excerpt' if excerpt else ''}")


def _pictures(text: Text) -> ImagesId:
    uploads = st.file_uploader(
        text("debug.pictures"),
        key="own_pictures",
        accept_multiple_files=True,
        max_upload_size=_MOST_MEGABYTES["picture"],
    )
    if not uploads:
        return ImagesId()
    name = text("debug.pictures_name", count=len(uploads))
    return ImagesId(Source.PICTURES, str(kept_pictures(uploads)), name)


def _zip(text: Text) -> ImagesId:
    upload = st.file_uploader(text("debug.zip"), key="own_zip", help=text("debug.zip_help"),
                              max_upload_size=_MOST_MEGABYTES["zip"])  # fmt: skip
    if upload is None:
        return ImagesId()
    return ImagesId(Source.ZIP, str(kept_file(upload)), safe_name(upload.name))
