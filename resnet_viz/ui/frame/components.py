"""Two small components of our own: what Streamlit's pictures and charts cannot do.

Both send one trigger, ``picked``, and keep no state of their own. Text reaches the browser as
data and is set as text, never as markup.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

import streamlit as st

from resnet_viz.ui.frame.overlay import STATE_EVENT

_STRIP_CSS = """
.strip { color: var(--st-text-color); width: 100%; outline: none; overflow-x: auto; }
.strip svg { width: 100%; min-width: 640px; height: auto; display: block; }
.strip .node { cursor: pointer; outline: none; }
.strip:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 2px; }
"""

# The picture itself is drawn in Python (figures.strip); here it only gets its listeners.
_STRIP_JS = """
export default function ({ parentElement, data, setTriggerValue }) {
  let box = parentElement.querySelector(".strip");
  if (!box) {
    box = document.createElement("div");
    box.className = "strip";
    box.tabIndex = 0;
    box.setAttribute("role", "listbox");
    parentElement.appendChild(box);
  }
  if (box.dataset.svg !== data.svg) {
    box.innerHTML = data.svg;
    box.dataset.svg = data.svg;
  }
  box.setAttribute("aria-label", data.label);
  const show = (layer) => {
    window.resnetVizState = { ...data.state, layer };
    window.dispatchEvent(new Event("STATE_EVENT"));
  };
  show(data.selected);
  const pick = (layer) => {
    if (!layer) return;
    show(layer);
    setTriggerValue("picked", layer);
  };
  box.onclick = (event) => {
    const node = event.target.closest("[data-layer]");
    if (node) pick(node.dataset.layer);
  };
  box.onkeydown = (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const at = data.layers.indexOf(data.selected);
    pick(data.layers[Math.min(data.layers.length - 1, Math.max(0, at + step))]);
  };
}
""".replace("STATE_EVENT", STATE_EVENT)

_PICTURE_CSS = """
.picture { position: relative; display: block; outline: none; }
.picture img { width: 100%; height: auto; display: block; image-rendering: pixelated;
  cursor: crosshair; border-radius: 4px; }
.picture img.smooth { image-rendering: auto; cursor: pointer; }
.picture:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 2px; }
"""

_PICTURE_JS = """
export default function ({ parentElement, data, setTriggerValue }) {
  let box = parentElement.querySelector(".picture");
  if (!box) {
    box = document.createElement("div");
    box.className = "picture";
    box.tabIndex = 0;
    box.appendChild(document.createElement("img"));
    parentElement.appendChild(box);
  }
  const image = box.firstElementChild;
  if (image.src !== data.source) image.src = data.source;
  image.alt = data.alt;
  image.className = data.smooth ? "smooth" : "";
  const pick = (x, y) => setTriggerValue("picked", { x, y });
  image.onclick = (event) => {
    const frame = image.getBoundingClientRect();
    pick((event.clientX - frame.left) / frame.width, (event.clientY - frame.top) / frame.height);
  };
  box.onkeydown = (event) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (!(event.key in step) || !data.at) return;
    event.preventDefault();
    const [across, down] = step[event.key];
    const clamp = (value) => Math.min(1 - 1e-6, Math.max(0, value));
    pick(clamp(data.at.x + across * data.step.x), clamp(data.at.y + down * data.step.y));
  };
}
"""


@dataclass(frozen=True)
class Point:
    """A place in a picture, from its top left corner, as shares of width and height in [0, 1)."""

    x: float
    y: float


_strip = st.components.v2.component("resnet_viz_strip", css=_STRIP_CSS, js=_STRIP_JS)
_picture = st.components.v2.component("resnet_viz_picture", css=_PICTURE_CSS, js=_PICTURE_JS)


def strip(
    svg: str,
    *,
    layers: list[str],
    selected: str,
    opacity: float,
    own: bool,
    label: str,
    key: str,
    on_pick: Callable[[str], None],
) -> None:
    """The network strip; ``on_pick`` gets the layer that was clicked or stepped to.

    ``selected``, ``opacity`` (0 to 1) and ``own`` (scale) are what the overlays show.
    """

    def picked() -> None:
        layer = _picked(key)
        if isinstance(layer, str) and layer in layers:
            on_pick(layer)

    state = {"opacity": opacity, "own": own}
    data = {"svg": svg, "layers": layers, "selected": selected, "label": label, "state": state}
    _strip(data=data, key=key, on_picked_change=picked)


def picture(
    source: str,
    *,
    alt: str,
    key: str,
    on_pick: Callable[[Point], None],
    at: Point | None = None,
    step: Point | None = None,
    smooth: bool = False,
) -> None:
    """A picture (data URI) to click on; arrow keys move ``at`` by ``step``."""

    def picked() -> None:
        point = _point(_picked(key))
        if point is not None:
            on_pick(point)

    data = {
        "source": source,
        "alt": alt,
        "smooth": smooth,
        "at": None if at is None else asdict(at),
        "step": None if step is None else asdict(step),
    }
    _picture(data=data, key=key, on_picked_change=picked)


def _picked(key: str) -> object:
    state = st.session_state.get(key)
    return state.get("picked") if isinstance(state, Mapping) else getattr(state, "picked", None)


def _point(picked: object) -> Point | None:
    if not isinstance(picked, Mapping):
        return None
    x, y = picked.get("x"), picked.get("y")
    if not isinstance(x, (int, float)) or not isinstance(y, (int, float)):
        return None
    return Point(float(x), float(y)) if 0 <= x < 1 and 0 <= y < 1 else None
