export default function ({ parentElement, setTriggerValue }) {
  const keys = {
    ArrowRight: "next", ArrowDown: "next", PageDown: "next", " ": "next",
    ArrowLeft: "previous", ArrowUp: "previous", PageUp: "previous",
    r: "reveal", l: "language", Escape: "leave",
  };
  const main = () => document.querySelector('[data-testid="stMain"]');
  const black = parentElement.querySelector(".black") ?? document.createElement("div");
  black.className = "black";
  black.hidden = black.hidden || !black.parentElement;
  parentElement.appendChild(black);
  const here = {
    b: () => { black.hidden = !black.hidden; },
    f: () => document.fullscreenElement
      ? document.exitFullscreen() : document.documentElement.requestFullscreen().catch(() => {}),
    "+": () => zoom(1.1), "=": () => zoom(1.1), "-": () => zoom(1 / 1.1),
  };
  const zoom = (by) => { main().style.zoom = Number(main().style.zoom || 1) * by; };
  const pressed = (event) => {
    const typing = event.target.closest?.("input, textarea, select");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.length > 1 ? event.key : event.key.toLowerCase();
    if (!(key in here) && !(key in keys)) return;
    if (key === "Escape" && document.fullscreenElement) return;
    event.preventDefault();
    event.stopPropagation();
    if (key in here) here[key]();
    else { black.hidden = true; setTriggerValue("picked", keys[key]); }
  };
  document.addEventListener("keydown", pressed, true);
  return () => {
    document.removeEventListener("keydown", pressed, true);
    if (main()) main().style.zoom = "";
  };
}
