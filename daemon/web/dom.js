// Elements and numbers. Whatever came over the network becomes text nodes and attribute values here, never markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== null && value !== false)
      element.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat())
    if (child !== undefined && child !== null && child !== false) element.append(child);
  return element;
}

/** An HTML element: h("li", {class: "row"}, "text", element...). */
export const h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);

/** The same for SVG. */
export const s = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

export const byId = id => document.getElementById(id);

const digits = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

export const count = n => digits.format(n);

/** "1 message", "2 messages". */
export const plural = (n, noun) => `${count(n)} ${noun}${n === 1 ? "" : "s"}`;

/** Three significant digits, without noughts at the end of whole numbers. */
const three = n => (n >= 100 ? n.toFixed(0) : n >= 10 ? n.toFixed(1) : n.toFixed(2));

/** Microseconds as [number, unit]. */
export function duration(us) {
  if (us < 1) return ["< 1", "µs"];
  if (us < 1000) return [String(Math.round(us)), "µs"];
  return us < 1e6 ? [three(us / 1e3), "ms"] : [three(us / 1e6), "s"];
}
export const durationText = us => duration(us).join("\u202f");

/** Bytes as [number, unit]. */
export function size(bytes) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let at = 0;
  while (bytes >= 1024 && at < units.length - 1) {
    bytes /= 1024;
    at++;
  }
  return [at ? three(bytes) : String(bytes), units[at]];
}

/** A rate with as many digits as mean something. */
export const rate = n => (n === 0 ? "0" : n >= 100 ? count(n) : n >= 10 ? n.toFixed(0) : n.toFixed(1));

const SPANS = [
  [86400, "d"],
  [3600, "h"],
  [60, "min"],
  [1, "s"],
];

/** Seconds as their largest unit: "3 d", "14 min". */
export function span(seconds) {
  const [length, unit] = SPANS.find(([each]) => seconds >= each) || SPANS[3];
  return `${Math.floor(seconds / length)}\u202f${unit}`;
}

const two = n => String(n).padStart(2, "0");

export const clock = date => `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;

export function day(date) {
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}
