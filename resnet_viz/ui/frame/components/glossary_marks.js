const SKIPPED = "input, textarea, code, pre, .js-plotly-plot, [role=tooltip], [aria-hidden=true]";
const PRESSED = "a, button, label, summary, [role=tab], [role=option]";
const escape = (word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

function pattern({ terms, spaced }) {
  const words = terms.flatMap(({ words }) => words).sort((a, b) => b.length - a.length);
  const any = words.map(escape).join("|");
  return new RegExp(spaced ? `(?<![\\w-])(?:${any})(?:e?s)?(?![\\w-])` : any, "giu");
}

function keyOf(glossary, found) {
  const word = found.toLowerCase();
  const known = (one) => one.words.some((own) => {
    own = own.toLowerCase();
    return word === own || word === own + "s" || word === own + "es";
  });
  return glossary.data.terms.find(known);
}

function* texts(root) {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (walker.nextNode())
    if (walker.currentNode.parentElement && !walker.currentNode.parentElement.closest(SKIPPED))
      yield walker.currentNode;
}

function range(node, match) {
  const found = document.createRange();
  found.setStart(node, match.index);
  found.setEnd(node, match.index + match[0].length);
  return found;
}

// Highlights leave the page's elements alone, which belong to Streamlit.
function mark(glossary) {
  if (!window.Highlight) return;
  const seen = new Set(), ranges = [];
  for (const node of texts(document.querySelector("[data-testid=stMain]") || document.body))
    for (const match of node.data.matchAll(glossary.pattern)) {
      const term = keyOf(glossary, match[0]);
      if (!term || seen.has(term.key) || node.parentElement.closest(PRESSED)) continue;
      seen.add(term.key);
      ranges.push(range(node, match));
    }
  CSS.highlights.set("resnet-viz-term", new Highlight(...ranges));
}

function termAt(glossary, event, path) {
  const marked = path.find((one) => one.dataset && one.dataset.term);
  if (marked) return glossary.data.terms.find(({ key }) => key === marked.dataset.term);
  const { clientX: x, clientY: y } = event;
  const caret = document.caretPositionFromPoint
    ? document.caretPositionFromPoint(x, y)
    : document.caretRangeFromPoint(x, y);
  const node = caret && (caret.offsetNode || caret.startContainer);
  if (!node || node.nodeType !== Node.TEXT_NODE || node.parentElement.closest(SKIPPED)) return;
  for (const match of node.data.matchAll(glossary.pattern)) {
    const inside = [...range(node, match).getClientRects()].some(
      (box) => x >= box.left && x <= box.right && y >= box.top && y <= box.bottom);
    if (inside) return keyOf(glossary, match[0]);
  }
}

function show(glossary, term, x, y) {
  const { tip } = glossary;
  if (!tip.isConnected) return;
  if (!term) return tip.matches(":popover-open") && tip.hidePopover();
  tip.replaceChildren(document.createElement("b"), ` ${term.says}`);
  tip.firstChild.textContent = term.words[0];
  if (!tip.matches(":popover-open")) tip.showPopover();
  const box = tip.getBoundingClientRect();
  tip.style.left = `${Math.max(8, Math.min(x, innerWidth - box.width - 8))}px`;
  tip.style.top = `${y + 20 + box.height > innerHeight ? y - box.height - 12 : y + 20}px`;
}

function begun() {
  const glossary = {}, style = document.createElement("style");
  style.textContent =
    "::highlight(resnet-viz-term) { text-decoration: underline dotted; }";
  document.head.appendChild(style);
  let waiting, hovering;
  new MutationObserver(() => {
    clearTimeout(waiting);
    waiting = setTimeout(() => mark(glossary), 400);
  }).observe(document.body, { childList: true, characterData: true, subtree: true });
  document.addEventListener("pointermove", (event) => {
    if (event.pointerType !== "mouse") return;
    clearTimeout(hovering);
    const path = event.composedPath(); // empty once the event is over
    hovering = setTimeout(
      () => show(glossary, termAt(glossary, event, path), event.clientX, event.clientY), 120);
  }, { passive: true });
  document.addEventListener("click", (event) => {
    const path = event.composedPath();
    const pressed = path.some((one) => one.matches && one.matches(PRESSED));
    show(glossary, pressed ? null : termAt(glossary, event, path), event.clientX, event.clientY);
  });
  document.addEventListener("keydown", (event) => event.key === "Escape" && show(glossary));
  document.addEventListener("scroll", () => show(glossary), { capture: true, passive: true });
  return glossary;
}

export default function ({ parentElement, data }) {
  if (data.cookie)
    document.cookie = `${data.cookie}=1; max-age=31536000; path=/; SameSite=Lax`;
  const glossary = (window.resnetVizGlossary ||= begun());
  glossary.tip = parentElement.querySelector(".tip");
  if (!glossary.tip) {
    glossary.tip = document.createElement("div");
    glossary.tip.className = "tip";
    glossary.tip.popover = "manual";
    glossary.tip.setAttribute("role", "tooltip");
    parentElement.appendChild(glossary.tip);
  }
  glossary.data = data;
  glossary.pattern = pattern(data);
  mark(glossary);
}
