// One trace as bars over time: a row for each task, on it each message to a server, and marks for what else happened.
import { durationText, h, plural, s } from "./dom.js";
import { tipFor } from "./tip.js";

const LINE = 26;

// Steps that get a mark of their own, and how it feels.
const MARKS = {
  signature: "check",
  hit: "good",
  denied: "good",
  stale: "warn",
  fallback: "warn",
  budget: "bad",
  loop: "bad",
  outage: "bad",
  gave_up: "bad",
};

const percent = n => `${n.toFixed(3)}%`;

// Round distances for the axis, at most so many of them.
function ticks(total, most) {
  const power = 10 ** Math.floor(Math.log10(total / most || 1));
  const step = [1, 2, 5, 10].map(n => n * power).find(n => total / n <= most) || total;
  const out = [];
  for (let at = 0; at < total; at += step) out.push(at);
  return out;
}

const axis = total =>
  s(
    "svg",
    { class: "axis", "aria-hidden": "true", height: 20, width: "100%" },
    ticks(total, 5).map(at =>
      s("text", { x: percent((100 * at) / total), y: 13, class: at ? "" : "first" }, at ? durationText(at) : "0"),
    ),
  );

const grid = total =>
  ticks(total, 5).map(at =>
    s("line", { class: "grid", x1: percent((100 * at) / total), x2: percent((100 * at) / total), y1: 0, y2: LINE }),
  );

function messageLines(message, words) {
  const lines = [words[message.sent.index]];
  if (message.ended) lines.push(words[message.ended.index]);
  else lines.push("nothing came back while anybody waited");
  return lines.concat(message.after.map(step => words[step.index]));
}

function drawMessage(message, total, words) {
  const end = message.ended ? message.ended.at_us : total;
  const from = (100 * message.sent.at_us) / total,
    to = (100 * end) / total;
  const state = !message.ended ? "open" : message.good ? "good" : "bad";
  const lines = messageLines(message, words);
  const mark = s(
    "g",
    { class: `message ${state}`, role: "img", tabindex: "-1", "aria-label": lines.join("; ") },
    s("line", { class: "reach", x1: percent(from), x2: percent(to), y1: LINE / 2, y2: LINE / 2 }),
    s("line", { class: "way", x1: percent(from), x2: percent(to), y1: LINE / 2, y2: LINE / 2 }),
    s("circle", { class: "end", cx: percent(to), cy: LINE / 2, r: 4 }),
  );
  mark.steps = [message.sent, message.ended, ...message.after].filter(Boolean).map(step => step.index);
  return tipFor(mark, () => lines);
}

function drawMark(step, total, words) {
  const bad = step.step === "signature" && step.verdict !== "good";
  const kind = bad ? "bad" : MARKS[step.step];
  const at = percent((100 * step.at_us) / total);
  const mark = s(
    "g",
    { class: `mark ${kind}`, role: "img", tabindex: "-1", "aria-label": words[step.index] },
    s("line", { class: "reach", x1: at, x2: at, y1: 3, y2: LINE - 3 }),
    kind === "check"
      ? s("line", { class: "tick", x1: at, x2: at, y1: 4, y2: LINE - 4 })
      : s("circle", { class: "point", cx: at, cy: LINE / 2, r: 4.5 }),
  );
  mark.steps = [step.index];
  return tipFor(mark, () => [words[step.index]]);
}

function drawRow(task, total, words) {
  const from = (100 * task.start) / total,
    to = (100 * task.end) / total;
  const label = task.number === 0 ? "the question" : task.why;
  const took = durationText(task.end - task.start);
  const bar = s(
    "svg",
    { height: LINE, width: "100%" },
    grid(total),
    s("rect", {
      class: "task",
      x: percent(from),
      width: percent(Math.max(to - from, 0.3)),
      y: 5,
      height: LINE - 10,
      rx: 3,
    }),
    task.steps.filter(step => MARKS[step.step]).map(step => drawMark(step, total, words)),
    task.messages.map(message => drawMessage(message, total, words)),
  );
  const name = h(
    "div",
    { class: "what" },
    h("span", { class: "dns" }, task.qname, " ", h("b", null, task.qtype)),
    h("small", null, label),
  );
  name.style.setProperty("--depth", Math.min(task.depth, 6));
  return h(
    "li",
    {
      class: "task-row",
      "aria-label": `${task.qname} ${task.qtype}, ${label}: ${took}, ${plural(task.messages.length, "message")}`,
    },
    name,
    h("div", { class: "when" }, bar),
    h("div", { class: "took" }, took),
  );
}

// One stop of the tab key for the whole picture; arrow keys go from mark to mark in the order of time.
function rove(picture) {
  const marks = [...picture.querySelectorAll(".rows .message, .rows .mark")];
  marks.sort((a, b) => a.steps[0] - b.steps[0]);
  if (marks.length) marks[0].setAttribute("tabindex", "0");
  picture.addEventListener("keydown", event => {
    const at = marks.indexOf(event.target);
    const to = {
      ArrowRight: at + 1,
      ArrowDown: at + 1,
      ArrowLeft: at - 1,
      ArrowUp: at - 1,
      Home: 0,
      End: marks.length - 1,
    }[event.key];
    if (at < 0 || to === undefined || !marks[to]) return;
    event.preventDefault();
    marks[at].setAttribute("tabindex", "-1");
    marks[to].setAttribute("tabindex", "0");
    marks[to].focus();
  });
}

const KEY = [
  ["message good", "message and its answer"],
  ["message bad", "no use or no answer"],
  ["mark check", "signature checked"],
  ["mark good", "found in the cache"],
];

const legend = () =>
  h(
    "ul",
    { class: "legend", "aria-hidden": "true" },
    KEY.map(([kind, words]) =>
      h(
        "li",
        null,
        s(
          "svg",
          { width: 22, height: 12, viewBox: "0 0 22 12" },
          s(
            "g",
            { class: kind },
            kind.startsWith("message")
              ? [
                  s("line", { class: "way", x1: 1, x2: 16, y1: 6, y2: 6 }),
                  s("circle", { class: "end", cx: 16, cy: 6, r: 4 }),
                ]
              : kind.endsWith("check")
                ? s("line", { class: "tick", x1: 11, x2: 11, y1: 0, y2: 12 })
                : s("circle", { class: "point", cx: 11, cy: 6, r: 4.5 }),
          ),
        ),
        words,
      ),
    ),
  );

/** touched(indexes): the steps of the mark that is pointed at, [] for none. */
export function drawWaterfall(tasks, total, words, touched) {
  const scale = total * 1.02 || 1;
  const picture = h(
    "div",
    { class: "waterfall" },
    h("div", { class: "scale" }, h("div"), axis(scale), h("div")),
    h(
      "ol",
      { class: "rows" },
      tasks.map(task => drawRow(task, scale, words)),
    ),
    legend(),
  );
  for (const [event, on] of [
    ["pointerover", true],
    ["focusin", true],
    ["pointerout", false],
    ["focusout", false],
  ])
    picture.addEventListener(event, ({ target }) => {
      const mark = target.closest(".message, .mark");
      if (mark && mark.steps) touched(on ? mark.steps : []);
    });
  rove(picture);
  return picture;
}
