export default function ({ parentElement, data }) {
  let box = parentElement.querySelector(".stage");
  if (!box) {
    box = document.createElement("div");
    box.className = "stage";
    box.innerHTML =
      '<div></div><label><span></span><input type="range" min="0" step="1"><output></output>' +
      '</label><p aria-live="polite"></p><div></div>';
    parentElement.appendChild(box);
    box.classList.add("playing");
    setTimeout(() => box.classList.remove("playing"), 2500);
  }
  const [words, slider, shown, said] =
    ["label span", "input", "output", "p"].map((part) => box.querySelector(part));
  const states = data.states, last = states.length - 1;
  if (box.html !== data.html.join()) {
    [box.firstChild, box.lastChild].forEach((half, at) => (half.innerHTML = data.html[at]));
    box.html = data.html.join();
    slider.max = last;
    if (box.at === undefined) slider.value = last;
  }
  words.textContent = data.label;
  slider.ariaLabel = data.label;
  const parts = (name) => box.querySelectorAll(`[data-part="${name}"]`);
  const show = () => {
    const state = states[(box.at = Number(slider.value))];
    for (const name of ["sum", "output"])
      parts(name).forEach((image) => image.setAttribute("href", state[name]));
    parts("arc").forEach((arc) => arc.setAttribute("stroke-opacity", state.arc));
    parts("strength").forEach((part) => (part.textContent = state.strength));
    box.querySelectorAll(".cells").forEach((row, number) => {
      row.setAttribute("fill", state.colour);
      state.cells[number].forEach((cell, place) =>
        row.children[place].setAttribute("fill-opacity", cell));
    });
    box.querySelectorAll(".end").forEach((end, number) =>
      (end.textContent = state.ends[number]));
    shown.textContent = state.strength;
    slider.setAttribute("aria-valuetext", state.strength);
    said.textContent = state.said;
  };
  slider.oninput = show;
  show();
}
