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
    window.dispatchEvent(new Event("resnet-viz-state"));
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
