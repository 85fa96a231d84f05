export default function ({ parentElement, data, setTriggerValue }) {
  let box = parentElement.querySelector(".drawing");
  if (!box) parentElement.append((box = document.createElement("div")));
  box.className = "drawing";
  const all = (kind) => [...box.querySelectorAll(kind)];
  const of = ({ target }) => target.closest("[data-pick]")?.dataset.pick;
  if (box.html !== data.html) {
    box.innerHTML = box.html = data.html;
    all("[aria-pressed=true]").forEach((part) => {
      const line = part.closest(".line");
      if (line) line.scrollLeft = part.offsetLeft - line.clientWidth / 2;
    });
  }
  box.onclick = (event) => of(event) && setTriggerValue("picked", of(event));
  box.onpointerover = box.onpointerleave = (event) => all("[data-pick]").forEach((part) =>
    part.classList.toggle("near", part.dataset.pick === of(event)));
  const slider = box.querySelector("input");
  if (slider) (slider.oninput = () => show(all, data.film, +slider.value))();
}
function show(all, { shares, films }, at) {
  const [frames, words, marks] = [".frame", ".frame + * b", "circle"].map(all);
  films.forEach(({ said, places }, film) => {
    frames[film].style.backgroundPositionX = `${(100 * at) / (shares.length - 1)}%`;
    words[film].textContent = said[at];
    [marks[film].cx.baseVal.value, marks[film].cy.baseVal.value] = places[at];
  });
  all("output")[0].textContent = shares[at];
}
