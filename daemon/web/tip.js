// The little window beside what the pointer or the keyboard is at. Screen readers read the labels of the marks instead.
import { byId, h } from "./dom.js";

const tip = () => byId("tip");

/** Show lines beside an element; each line is a string or [small heading, string]. */
export function showTip(target, lines) {
  const box = tip();
  box.replaceChildren(
    ...lines.map(line =>
      Array.isArray(line) ? h("p", null, h("b", null, line[0]), " ", line[1]) : h("p", null, line),
    ),
  );
  box.hidden = false;
  const at = target.getBoundingClientRect();
  const width = box.offsetWidth,
    height = box.offsetHeight;
  const left = Math.max(
    8,
    Math.min(at.left + at.width / 2 - width / 2, document.documentElement.clientWidth - width - 8),
  );
  const top = at.top - height - 10 > 0 ? at.top - height - 10 : at.bottom + 10;
  box.style.left = `${left}px`;
  box.style.top = `${top}px`;
}

export function hideTip() {
  tip().hidden = true;
}

/** Hover, focus and touch of an element all show the same. */
export function tipFor(element, lines) {
  const show = () => showTip(element, lines());
  element.addEventListener("pointerenter", show);
  element.addEventListener("focus", show);
  element.addEventListener("pointerleave", () => document.activeElement !== element && hideTip());
  element.addEventListener("blur", hideTip);
  return element;
}

addEventListener("scroll", hideTip, { passive: true, capture: true });
addEventListener("keydown", event => event.key === "Escape" && hideTip());
