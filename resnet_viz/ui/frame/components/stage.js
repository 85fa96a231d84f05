const EVENT = "resnet-viz-stage", KEPT = 2;
const stores = (window.resnetVizStage ||= new Map());
const PARTS = ["branch", "shortcut", "join", "output"];

const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const floats = (text) => new Float32Array(bytes(text).buffer);
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
const cell = (share, count) => clamp(Math.floor(share * count), 0, count - 1);
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);

function say(value) {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size >= 1e-3 && size < 1e6) return String(Number(value.toPrecision(3))).replace("-", "−");
  const [digits, power] = value.toExponential(1).split("e");
  return `${digits} × 10${[...String(Number(power))].map((c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)]).join("")}`;
}

const addUp = (first, second, sum, places) =>
  Math.abs(+first.toFixed(places) + +second.toFixed(places) - +sum.toFixed(places)) * 10 ** places < 0.5;

function formula(part, branch, shortcut, joined, output) {
  const most = Math.max(...[branch, shortcut ?? 0, joined, output].map(Math.abs));
  let places = most > 0 && most < 1 ? Math.min(9, 3 - Math.floor(Math.log10(most))) : 3;
  const tries = [0, 1, 2, 3].map((more) => places + more);
  places = tries.find((n) => addUp(branch, shortcut ?? 0, joined, n)) ?? places;
  const show = (value) => value.toFixed(places).replace("-", "−");
  let end = show(joined);
  if (part.activation) end += ` → ${part.activation} → ${show(output)}`;
  if (shortcut === null) return end;
  return `${show(branch)} ${shortcut < 0 ? "−" : "+"} ${show(Math.abs(shortcut))} = ${end}`;
}

function make(tag, name, parent, words) {
  const node = document.createElement(tag);
  if (name) node.className = name;
  if (words !== undefined) node.textContent = words;
  if (parent) parent.appendChild(node);
  return node;
}

async function pixels(source, side) {
  const image = new Image();
  image.src = source;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = side;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0, side, side);
  return context.getImageData(0, 0, side, side).data;
}

function keep(data) {
  if (!stores.has(data.store)) {
    stores.set(data.store, { ...data, blocks: new Map() });
    for (const old of [...stores.keys()].slice(0, -KEPT)) stores.delete(old);
    const held = stores.get(data.store);
    held.palette = bytes(data.palette);
    held.diverging = bytes(data.diverging);
    for (const side of held.sides)
      for (const map of Object.values(side.maps)) map[3] = bytes(map[3]);
    pixels(data.photo, data.side).then((photo) => {
      held.pixels = photo;
      window.dispatchEvent(new Event(EVENT));
    });
  }
  window.dispatchEvent(new Event(EVENT));
}

const weights = (source, target) => {
  const below = new Int32Array(target), above = new Int32Array(target);
  const share = new Float32Array(target);
  for (let i = 0; i < target; i++) {
    const at = clamp((i + 0.5) * source / target - 0.5, 0, source - 1);
    below[i] = Math.floor(at);
    above[i] = Math.min(below[i] + 1, source - 1);
    share[i] = at - below[i];
  }
  return { below, above, share };
};

function paint(canvas, held, map, top, opacity) {
  const [height, width, high, values] = map;
  const side = canvas.width, photo = held.pixels, palette = held.palette;
  const context = canvas.getContext("2d"), picture = context.createImageData(side, side);
  const scale = top > 0 ? high / top : 0, rest = 1 - opacity;
  const down = weights(height, side), across = weights(width, side);
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
}

function signed(canvas, values, height, width, high, palette) {
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d"), picture = context.createImageData(width, height);
  for (let i = 0; i < values.length; i++) {
    const step = 3 * clamp(Math.round(127.5 + (values[i] / (high || 1)) * 127.5), 0, 255);
    picture.data.set([palette[step], palette[step + 1], palette[step + 2], 255], 4 * i);
  }
  context.putImageData(picture, 0, 0);
}

// The values of one channel of an opened block, by part.
function channel(part, rank) {
  const [height, width] = part.size, area = height * width;
  const place = clamp(rank - part.start, 0, part.channels.length - 1);
  part.floats ||= Object.fromEntries(["branch", "shortcut", "output"].map(
    (name) => [name, part[name] === null ? null : floats(part[name])]));
  const cut = (name) => part.floats[name]?.subarray(place * area, (place + 1) * area) ?? null;
  const branch = cut("branch"), shortcut = cut("shortcut");
  const join = shortcut ? branch.map((value, i) => value + shortcut[i]) : branch;
  const output = cut("output") ?? (part.activation ? join.map((v) => Math.max(v, 0)) : join);
  return { branch, shortcut, join, output, place };
}

const highest = (arrays) => {
  let high = 0;
  for (const array of arrays)
    for (const value of array ?? []) high = Math.max(high, Math.abs(value));
  return high;
};

class Stage {
  constructor(parent) {
    this.over = {};
    this.box = make("div", "stage", parent);
    this.box.tabIndex = 0;
    this.box.setAttribute("role", "group");
    const bar = make("div", "controls", this.box);
    this.layer = this.field(bar, "select");
    this.opacity = this.field(bar, "input", "range");
    this.own = this.field(bar, "input", "checkbox");
    const pictures = make("div", "two pictures", this.box);
    const strips = make("div", "two strips", this.box);
    this.legend = make("p", "quiet legend", this.box);
    const blocks = make("div", "two blocks", this.box);
    this.sides = [0, 1].map((side) => this.one(pictures, strips, blocks, side));
    this.live = make("p", "hidden", this.box);
    this.live.setAttribute("aria-live", "polite");
    this.box.onkeydown = (event) => this.key(event);
    this.layer.onchange = () => this.choose({ layer: this.layer.value });
    this.opacity.oninput = () => this.choose({ opacity: Number(this.opacity.value) }, 250);
    this.own.onchange = () => this.choose({ own: this.own.checked });
    this.redraw = () => this.draw();
  }

  field(bar, tag, type) {
    const label = make("label", "", bar);
    const words = make("span", "", label), input = make(tag, "", label);
    if (type) input.type = type;
    input.words = words;
    return input;
  }

  one(pictures, strips, blocks, number) {
    const side = {}, figure = make("div", "", pictures);
    side.title = make("p", "title", figure);
    const photo = make("div", "spotted photo", figure);
    side.canvas = make("canvas", "", photo);
    side.canvas.setAttribute("role", "img");
    side.spots = [make("i", "spot", photo)];
    this.spotted(photo);
    const scale = make("div", "scale", figure);
    side.low = make("span", "", scale, "0");
    const ramp = make("div", "ramp", scale);
    side.ramp = make("canvas", "", ramp);
    side.tick = make("i", "tick", ramp);
    side.high = make("span", "", scale);
    side.caption = make("p", "quiet", figure);
    side.strip = make("div", "strip", strips);
    side.strip.setAttribute("role", "listbox");
    side.strip.onclick = (event) => {
      const node = event.target.closest("[data-layer]");
      if (node) this.choose({ layer: node.dataset.layer });
    };
    this.hover(side.strip, "[data-layer]", (node) => ({ layer: node.dataset.layer }));
    const block = make("div", "block", blocks);
    side.name = make("p", "title", block);
    const tiles = make("div", "tiles", block);
    side.tiles = Object.fromEntries(PARTS.map((part) => {
      const whole = make("div", "tile", tiles);
      const tile = { sign: make("b", "", whole), frame: make("div", "spotted", whole) };
      tile.canvas = make("canvas", "", tile.frame);
      side.spots.push(make("i", "spot", tile.frame));
      tile.none = make("span", "quiet", tile.frame);
      tile.label = make("span", "quiet", whole);
      this.spotted(tile.frame);
      return [part, tile];
    }));
    side.formula = make("p", "formula", block);
    side.channels = make("div", "channels", block);
    this.hover(side.channels, "canvas", (node) => ({ rank: Number(node.dataset.rank) }));
    side.channels.onclick = (event) => {
      if (event.target.dataset.rank) this.choose({ rank: Number(event.target.dataset.rank) });
    };
    side.note = make("p", "quiet", block);
    side.block = block;
    return side;
  }

  // A picture on which a pixel is previewed and kept.
  spotted(frame) {
    const at = (event) => {
      const box = frame.getBoundingClientRect();
      const [height, width] = this.map(0, this.now.layer);
      const x = cell((event.clientX - box.left) / box.width, width);
      const y = cell((event.clientY - box.top) / box.height, height);
      return { x: (x + 0.5) / width, y: (y + 0.5) / height };
    };
    frame.onclick = (event) => this.held && this.choose(at(event));
    frame.onpointermove = (event) => event.pointerType === "mouse" && this.held && this.look(at(event));
    frame.onpointerleave = () => this.look({});
  }

  hover(box, selector, pick) {
    box.onpointerover = (event) => {
      const node = event.target.closest(selector);
      if (node && event.pointerType === "mouse") this.look(pick(node));
    };
    box.onpointerleave = () => this.look({});
  }

  look(over) {
    if (JSON.stringify(over) === JSON.stringify(this.over)) return;
    this.over = over;
    this.waiting ||= requestAnimationFrame(() => { this.waiting = 0; this.draw(); });
  }

  choose(change, wait = 0) {
    if ("layer" in change && change.layer === this.kept.layer) return;
    Object.assign(this.kept, change);
    this.over = {};  // a key or a click goes before what the pointer rests on
    this.turn += 1;
    this.draw();
    clearTimeout(this.timer);
    const { layer, rank, x, y, opacity, own } = this.kept;
    const send = () => this.send("picked", { layer, rank, x, y, opacity, own, turn: this.turn });
    if (wait) this.timer = setTimeout(send, wait);
    else send();
  }

  key(event) {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!step || !this.held || event.target.closest("select, input")) return;
    event.preventDefault();
    if (event.shiftKey) {
      const [height, width] = this.map(0, this.kept.layer), now = this.pixel(this.kept);
      return this.choose({
        x: (clamp(cell(now.x, width) + step[0], 0, width - 1) + 0.5) / width,
        y: (clamp(cell(now.y, height) + step[1], 0, height - 1) + 0.5) / height,
      }, 150);
    }
    if (step[1]) {
      const counts = this.parts(this.kept).map((part) => (part ? part.count - 1 : 0));
      const most = counts.length ? Math.max(...counts) : this.kept.rank + 1;  // not here yet
      return this.choose({ rank: clamp(this.kept.rank + step[1], 0, most) }, 150);
    }
    const layers = this.held.layers.filter((name) => this.held.picks.includes(name));
    const at = layers.findLastIndex((name) => `${this.kept.layer}.`.startsWith(`${name}.`));
    this.choose({ layer: layers[clamp(at + step[0], 0, layers.length - 1)] }, 150);
  }

  map(side, layer) { return this.held.sides[side].maps[layer]; }

  pixel(state) { return state.x === null ? this.data.telling : state; }

  parts(state) {
    const page = Math.floor(state.rank / this.held.page);
    return this.held.blocks.get(`${state.layer} ${page}`) ?? [];
  }

  update(data, send) {
    this.data = data;
    this.send = send;
    this.turn ??= data.turn;
    if (data.turn >= this.turn) {  // older ones are answers to clicks before the last
      this.kept = { ...data.selected };
      this.turn = data.turn;
    }
    this.draw();
  }

  draw() {
    this.held = stores.get(this.data.of);
    if (!this.held?.pixels) return;
    const { held, data } = this, words = held.words;
    held.blocks.set(data.opened.key, data.opened.sides);
    if (!(this.kept.layer in held.sides[0].maps)) return;
    const now = (this.now = { ...this.kept, ...this.over });
    const pixel = this.pixel(now), opacity = now.opacity / 100;
    if (this.built !== held) this.build();
    this.layer.value = this.kept.layer;
    this.opacity.value = now.opacity;
    this.own.checked = now.own;
    const parts = this.parts(now);
    const opened = parts.map((part) => part && channel(part, now.rank));
    const high = highest(opened.flatMap((one) => one ? PARTS.map((name) => one[name]) : []));
    const said = [];
    this.sides.forEach((side, number) => {
      const own = held.sides[number], map = own.maps[now.layer], name = own.names[now.layer];
      const top = now.own ? map[2] : held.sides[0].shared[now.layer];
      const shown = [now.layer, now.opacity, now.own, map[2], top].join(" ");
      if (side.canvas.dataset.shown !== shown || side.of !== held) {
        paint(side.canvas, held, map, top, opacity);
        side.of = held;
        side.canvas.dataset.shown = shown;
        side.canvas.dataset.layer = now.layer;
        side.canvas.setAttribute("aria-label", fill(own.alt, { layer: name }));
      }
      const [height, width, , values] = map;
      const value = height ? values[cell(pixel.y, height) * width + cell(pixel.x, width)] * map[2] / 255 : NaN;
      side.high.textContent = say(top);
      side.tick.style.left = `${100 * clamp(value / top || 0, 0, 1)}%`;
      side.caption.textContent = fill(own.caption, {
        layer: name, own: say(map[2]), value: say(value),
      });
      for (const [node, frame] of side.nodes) {
        const chosen = `${name}.`.startsWith(`${node.dataset.own}.`);
        if (String(chosen) !== node.getAttribute("aria-selected")) {
          node.setAttribute("aria-selected", chosen);
          frame.setAttribute("visibility", chosen ? "visible" : "hidden");
        }
        if (chosen && side.centred !== node.dataset.own && !this.over.layer) {
          side.centred = node.dataset.own;
          const box = node.getBoundingClientRect(), whole = side.strip.getBoundingClientRect();
          side.strip.scrollLeft += box.left + box.width / 2 - whole.left - whole.width / 2;
        }
      }
      const line = this.open(side, own, name, parts[number], opened[number], opened, high, pixel);
      const size = parts[number]?.size ?? [height, width];
      side.spots.forEach((spot, place) => {
        const [tall, wide] = place ? size : [height || 1, width || 1];
        spot.style.left = `${100 * cell(pixel.x, wide) / wide}%`;
        spot.style.top = `${100 * cell(pixel.y, tall) / tall}%`;
        spot.style.width = `${100 / wide}%`;
        spot.style.height = `${100 / tall}%`;
      });
      said.push(`${own.network}, ${name}: ${line || side.caption.textContent}`);
    });
    if (!Object.keys(this.over).length) this.live.textContent = said.join(". ");
  }

  // What does not change with the selection.
  build() {
    const { held } = this, words = held.words;
    this.built = held;
    this.box.setAttribute("aria-label", words.label);
    this.box.classList.toggle("deep", held.deep);
    this.layer.words.textContent = words.layer;
    this.opacity.words.textContent = words.opacity;
    this.own.words.textContent = words.own_scale;
    this.own.parentElement.title = words.own_scale_help;
    this.layer.replaceChildren(...held.layers.map((name) => new Option(name, name)));
    this.legend.textContent = held.legend;
    this.sides.forEach((side, number) => {
      const own = held.sides[number];
      side.title.replaceChildren(...this.heading(own, own.title));
      side.canvas.width = side.canvas.height = held.side;
      side.strip.innerHTML = own.strip;
      side.strip.setAttribute("aria-label", own.network);
      side.nodes = [...side.strip.querySelectorAll("[data-own]")].map(
        (node) => [node, node.querySelector(".frame")]);
      side.strip.style.setProperty("--blocks", side.strip.firstChild.dataset.blocks);
      side.centred = side.drawn = null;
      side.ramp.width = 256;
      side.ramp.height = 1;
      const context = side.ramp.getContext("2d"), picture = context.createImageData(256, 1);
      for (let i = 0; i < 256; i++)
        picture.data.set([...held.palette.subarray(3 * i, 3 * i + 3), 255], 4 * i);
      context.putImageData(picture, 0, 0);
      for (const part of PARTS) side.tiles[part].label.textContent = words[part];
    });
  }

  heading(own, words) {
    const glyph = make("b", "", null, own.glyph);
    glyph.style.color = own.colour;
    return [glyph, ` ${words}`];
  }

  open(side, own, name, part, one, opened, high, pixel) {
    const { held, now } = this, words = held.words;
    side.block.setAttribute("aria-busy", part === undefined);
    if (part === undefined) return "";  // the server is on its way
    const known = part !== null;
    side.block.classList.toggle("none", !known);
    if (!known) {
      side.name.replaceChildren(...this.heading(own, fill(own.unopened, { layer: name })));
      side.formula.textContent = side.note.textContent = "";
      side.drawn = null;
      return "";
    }
    const [height, width] = part.size, numbered = part.channels[one.place];
    side.name.replaceChildren(...this.heading(own, fill(words.opened, { block: part.block, channel: numbered })));
    const drawn = [part.block, part.start, one.place, high].join(" ");
    if (side.drawn !== drawn || side.part !== part) {
      const signs = { branch: "", shortcut: "+", join: "=", output: part.activation ? `→ ${part.activation} →` : "→" };
      for (const name of PARTS) {
        const tile = side.tiles[name], none = one.shortcut === null && (name === "shortcut" || name === "join");
        tile.sign.textContent = none && name === "join" ? "" : signs[name];
        tile.frame.classList.toggle("empty", none);
        tile.none.textContent = none ? words[`no_${name}`] : "";
        if (!none) signed(tile.canvas, one[name], height, width, high, held.diverging);
        tile.canvas.setAttribute("role", "img");
        tile.canvas.setAttribute("aria-label", `${words[name]}, ${part.block}, ${own.network}`);
      }
      if (side.part !== part) this.strip(side, part);
      side.drawn = drawn;
      side.part = part;
    }
    for (const small of side.channels.children)
      small.setAttribute("aria-current", Number(small.dataset.rank) === part.start + one.place);
    const at = cell(pixel.y, height) * width + cell(pixel.x, width);
    const line = formula(part, one.branch[at], one.shortcut && one.shortcut[at], one.join[at], one.output[at]);
    side.formula.textContent = line;
    side.note.textContent = fill(words.identity, {
      formula: part.formula, row: cell(pixel.y, height), column: cell(pixel.x, width), error: say(part.error),
      high: say(high), weight: say(part.weights[one.place]), shown: part.channels.length, count: part.count,
    });
    return line;
  }

  // The channels of a block, small, on one scale.
  strip(side, part) {
    const [height, width] = part.size;
    const outputs = part.channels.map((_, place) => channel(part, part.start + place).output);
    const high = highest(outputs);
    side.channels.replaceChildren(...outputs.map((values, place) => {
      const small = make("canvas");
      signed(small, values, height, width, high, this.held.diverging);
      small.dataset.rank = part.start + place;
      small.title = fill(this.held.words.channel, { channel: part.channels[place], weight: say(part.weights[place]) });
      small.setAttribute("role", "img");
      small.setAttribute("aria-label", small.title);
      return small;
    }));
  }
}

export default function ({ parentElement, data, setTriggerValue }) {
  if (data.store) return keep(data);
  const box = parentElement.querySelector(".stage");
  const stage = box ? box.stage : new Stage(parentElement);
  stage.box.stage = stage;
  stage.update(data, setTriggerValue);
  window.addEventListener(EVENT, stage.redraw);
  return () => window.removeEventListener(EVENT, stage.redraw);
}
