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
