"""A ResNet backbone on the Build page: its stages, and their features of a picture or a clip."""

import pandas as pd
import streamlit as st

from resnet_viz.core.errors import OptionError, ResnetVizError
from resnet_viz.core.text import Text
from resnet_viz.figures.backbone_drawing import backbone_svg
from resnet_viz.figures.grids import ChannelOrder, channel_order, feature_grid
from resnet_viz.figures.palettes import ColourRange
from resnet_viz.jobs.job import Running
from resnet_viz.networks.zoo.backbones import AT_WORK, WorkRow
from resnet_viz.pictures.decode import Picture
from resnet_viz.probe.backbone_features import look_at_work
from resnet_viz.records import StageFeatures, WeightSource, WorkView
from resnet_viz.ui.build import design_state as state
from resnet_viz.ui.choose.picture_choice import choose_picture, find_picture
from resnet_viz.ui.frame.components.drawing import drawing
from resnet_viz.ui.frame.engines import results
from resnet_viz.ui.frame.messages import show_error
from resnet_viz.ui.frame.session import BACKBONE_STAGE, BACKBONE_WEIGHTS
from resnet_viz.ui.frame.words import md_escape
from resnet_viz.ui.running.downloading import fetch
from resnet_viz.ui.running.waiting import wait

_CHANNELS, _COLUMNS = 64, 8
_OFFERED = (WeightSource.RANDOM.value, WeightSource.PRETRAINED.value)


def show_backbone(name: str, text: Text) -> None:
    """Show one backbone; an error becomes one sentence and keeps the choices."""
    row = AT_WORK[name]
    left, right = st.columns([1, 2], gap="medium")
    with left:
        st.button(text("catalog.back"), key="back_to_design", on_click=state.back_to_design)
        source = WeightSource(
            st.segmented_control(
                text("work.weights"),
                _OFFERED,
                default=_OFFERED[0],
                format_func=lambda word: text(f"work.weights_{word}"),
                key=BACKBONE_WEIGHTS.name,
                required=True,
                persist_state="page",
            )
            or _OFFERED[0]
        )
        place = choose_picture(text)
    with right:
        st.markdown(f"###### {md_escape(row.title)}")
        st.markdown(text(f"work.about_{name}"))
        st.caption(md_escape(text("work.source", name=row.title, source=row.source)))
        try:
            picture = find_picture(place)
            if picture is None:
                raise OptionError("picture_gone", name=place.name)
            if source is WeightSource.PRETRAINED:
                fetch(name, text, BACKBONE_WEIGHTS)
            view = wait(_looked(name, picture, source), text("work.working", name=row.title))
        except ResnetVizError as error:
            show_error(error, text)
            return
        _stages(view, source, row, text)


def _looked(name: str, picture: Picture, source: WeightSource) -> Running[WorkView]:
    return results().compute(
        ("work", name, picture.digest, source),
        lambda: look_at_work(name, picture, source),
        lambda view: view.frames.nbytes + sum(s.features.nbytes for s in view.stages),
    )


def _stages(view: WorkView, source: WeightSource, row: WorkRow, text: Text) -> None:
    size = f"{view.frames.shape[1]} × {view.frames.shape[2]}"
    note = "work.clip" if row.frames else "work.image"
    st.caption(text(note, frames=len(view.frames), size=size))
    if source is WeightSource.RANDOM:
        st.caption(text("work.fresh"))
    head = text(f"work.head_{view.name}").split("|")
    drawing(backbone_svg(view.stages, head, text), key="work_drawing")
    frame = pd.DataFrame(
        {
            "stage": [stage.stage for stage in view.stages],
            "module": [stage.module for stage in view.stages],
            "blocks": [stage.blocks for stage in view.stages],
            "shape": [" × ".join(map(str, stage.features.shape)) for stage in view.stages],
            "stride": [stage.stride for stage in view.stages],
        }
    )
    labels = {column: text(f"work.column_{column}") for column in frame.columns}
    st.dataframe(frame.rename(columns=labels), hide_index=True, key="work_table")
    names = [stage.stage for stage in view.stages]
    if BACKBONE_STAGE.get() not in names:
        BACKBONE_STAGE.set(names[1])
    chosen = st.segmented_control(text("work.stage"), names, key=BACKBONE_STAGE.name, required=True)
    stage = next(each for each in view.stages if each.stage == chosen)
    _features(view, stage, text)


def _features(view: WorkView, stage: StageFeatures, text: Text) -> None:
    """Show the channels of highest variance next to the input; of a clip, at a chosen frame."""
    values, moment = stage.features, 0
    if values.ndim == 4:
        last = values.shape[1] - 1
        moment = st.slider(text("work.moment"), 0, last, min(last, last // 2), key="work_frame")
        values = values[:, min(moment, last)]
    seen = round(moment * len(view.frames) / (stage.features.shape[1] if moment else 1))
    order = channel_order(values, ChannelOrder.VARIANCE, values.mean((1, 2)))[:_CHANNELS]
    grid = feature_grid(
        values, order=order, colour_range=ColourRange.of(values), cell=64, columns=_COLUMNS
    )
    small, large = st.columns([1, 3])
    small.image(view.frames[min(seen, len(view.frames) - 1)], alt=text("work.seen"))
    small.caption(text("work.seen"))
    large.image(grid.pixels, alt=text("work.features_alt", stage=stage.stage), width="stretch")
    large.caption(
        text("work.features", shown=len(order), channels=len(values), dead=len(grid.dead))
    )
