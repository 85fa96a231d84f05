const decode = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

const weights = (source, target) => {
  const below = new Int32Array(target), above = new Int32Array(target);
  const share = new Float32Array(target);
  for (let i = 0; i < target; i++) {
    const at = Math.min(Math.max((i + 0.5) * source / target - 0.5, 0), source - 1);
    below[i] = Math.floor(at);
    above[i] = Math.min(below[i] + 1, source - 1);
    share[i] = at - below[i];
  }
  return { below, above, share };
};

function paint(canvas) {
  const { data, photo } = canvas.view, state = window.resnetVizState;
  const layer = state && state.layer, map = data.maps[layer];
  if (!map || !photo) return;
  const [height, width, high, packed] = map;
  const top = state.own ? high : data.shared[layer];
  const palette = decode(data.palette), side = canvas.width;
  const context = canvas.getContext("2d");
  const picture = context.createImageData(side, side);
  const values = decode(packed), scale = top > 0 ? high / top : 0;
  const down = weights(height, side), across = weights(width, side);
  const opacity = state.opacity, rest = 1 - opacity;
  for (let y = 0, at = 0; y < side; y++) {
    const first = down.below[y] * width, second = down.above[y] * width, dy = down.share[y];
    for (let x = 0; x < side; x++, at += 4) {
      let red = 128, green = 0, blue = 128;
      if (height) {
        const l = across.below[x], r = across.above[x], dx = across.share[x];
        const upper = values[first + l] * (1 - dx) + values[first + r] * dx;
        const lower = values[second + l] * (1 - dx) + values[second + r] * dx;
        const step = 3 * Math.round((upper * (1 - dy) + lower * dy) * scale);
        red = palette[step]; green = palette[step + 1]; blue = palette[step + 2];
      }
      picture.data[at] = photo[at] * rest + red * opacity;
      picture.data[at + 1] = photo[at + 1] * rest + green * opacity;
      picture.data[at + 2] = photo[at + 2] * rest + blue * opacity;
      picture.data[at + 3] = 255;
    }
  }
  context.putImageData(picture, 0, 0);
  canvas.dataset.layer = layer;
  canvas.dataset.shown = [layer, opacity, state.own, high, top].join(" ");
  canvas.setAttribute("aria-label", data.alt.replace("{layer}", layer));
}

async function pixels(source) {
  const image = new Image();
  image.src = source;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = image.naturalWidth;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, canvas.width, canvas.height).data;
}

export default function ({ parentElement, data }) {
  let canvas = parentElement.querySelector("canvas");
  if (!canvas) {
    canvas = document.createElement("canvas");
    canvas.className = "overlay";
    canvas.setAttribute("role", "img");
    parentElement.appendChild(canvas);
  }
  const before = canvas.view || {};
  const same = before.data && before.data.photo === data.photo;
  canvas.view = { data, photo: same ? before.photo : null };
  if (canvas.width !== data.side) canvas.width = canvas.height = data.side;
  if (same && before.photo) {
    paint(canvas);
  } else {
    pixels(data.photo).then((photo) => {
      if (canvas.view.data.photo !== data.photo) return;
      canvas.view.photo = photo;
      paint(canvas);
    });
  }
  const changed = () => paint(canvas);
  window.addEventListener("resnet-viz-state", changed);
  return () => window.removeEventListener("resnet-viz-state", changed);
}
