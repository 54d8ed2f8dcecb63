// One trace, looked at closely.
import { byId, clock, count, day, duration, durationText, h, plural } from "./dom.js";
import { drawChain } from "./chain.js";
import { decidingStep, networkTime, tasksOf } from "./walk.js";
import { drawWaterfall } from "./waterfall.js";

const BAD = ["SERVFAIL", "REFUSED", "FORMERR", "NOTIMP"];

export const rcodeKind = rcode =>
  !rcode ? "none" : BAD.includes(rcode) ? "bad" : rcode === "NXDOMAIN" ? "absent" : "fine";

export const badge = rcode => h("span", { class: `badge ${rcodeKind(rcode)}` }, rcode || "unfinished");

function fact(name, [number, unit], note) {
  return h(
    "div",
    { class: "fact" },
    h("dt", null, name),
    h("dd", null, number, unit && h("span", { class: "unit" }, unit), note && h("small", null, note)),
  );
}

function facts(trace, tasks, end) {
  const answers = trace.steps.filter(step => step.step === "answer");
  const total = Math.max(0, ...answers.map(step => step.total_us)) || end;
  const answered = Math.max(0, ...answers.map(step => step.at_us)) || end;
  const network = networkTime(tasks, answered);
  const messages = tasks.reduce((all, task) => all + task.messages.length, 0);
  const checks = trace.steps.filter(step => step.step === "signature").length;
  return h(
    "dl",
    { class: "facts" },
    fact("Took", duration(total)),
    fact("Waiting for servers", [Math.round((100 * network) / answered), "%"], durationText(network)),
    fact(
      "Messages",
      [count(messages), ""],
      plural(new Set(tasks.flatMap(task => task.messages.map(each => each.sent.server))).size, "server"),
    ),
    fact("Signatures", [count(checks), ""], checks ? "checked" : "none to check"),
  );
}

const FEEL = {
  question: "strong",
  answer: "strong",
  gave_up: "bad",
  timeout: "bad",
  failed: "bad",
  unusable: "bad",
  loop: "bad",
  budget: "bad",
  outage: "bad",
  dropped: "bad",
  fallback: "warn",
  skip: "warn",
  scrubbed: "warn",
  stale: "warn",
  send: "sent",
  received: "got",
  hit: "good",
  verdict: "good",
  task: "strong",
};

function drawSteps(trace, tasks, words) {
  const depth = new Map(tasks.map(task => [task.number, task.depth]));
  return h(
    "ol",
    { class: "steps" },
    trace.steps.map((step, i) => {
      const line = h("p", null, words[i]);
      line.style.setProperty("--depth", Math.min(depth.get(step.task) || 0, 8));
      const bad =
        (step.step === "signature" && step.verdict !== "good") ||
        (step.step === "verdict" && step.verdict.startsWith("bogus"));
      return h(
        "li",
        { class: bad ? "bad" : FEEL[step.step] || "" },
        h("span", { class: "at" }, (step.at_us / 1000).toFixed(step.at_us < 1e6 ? 2 : 0)),
        line,
      );
    }),
  );
}

const section = (title, note, ...content) =>
  h("section", { class: "part" }, h("h3", null, title, note && h("small", null, note)), content);

function head(trace, date, back) {
  return [
    h("p", { class: "back" }, h("a", { href: back }, "‹ Questions")),
    h("h2", { id: "trace-title", class: "dns" }, trace.qname || ".", " ", h("b", null, trace.qtype || "")),
    h(
      "p",
      { class: "line" },
      badge(trace.rcode),
      trace.ede && h("span", { class: "ede" }, trace.ede),
      h("time", { datetime: trace.time }, `${day(date)} ${clock(date)}`),
      h("span", { class: "id" }, `trace ${trace.trace.slice(0, 8)}`),
    ),
  ];
}

/** back: where the link to the list leads. */
export function showTrace(trace, words, back) {
  const tasks = tasksOf(trace),
    date = new Date(trace.time);
  const end = Math.max(1, ...trace.steps.map(step => step.at_us));
  const why = decidingStep(trace);
  const steps = drawSteps(trace, tasks, words);
  const touched = indexes =>
    [...steps.children].forEach((line, i) => line.classList.toggle("touched", indexes.includes(i)));
  const chain = drawChain(trace);

  byId("trace").replaceChildren(
    ...head(trace, date, back),
    ...(why ? [h("p", { class: `why ${rcodeKind(trace.rcode)}` }, words[why.index])] : []),
    facts(trace, tasks, end),
    section("Waterfall", plural(tasks.length, "task"), drawWaterfall(tasks, end, words, touched)),
    ...(chain ? [section("Chain of trust", "as validated here", chain)] : []),
    section("Every step", plural(trace.steps.length, "step"), steps),
    h("p", { class: "same" }, "The same in a terminal: ", h("code", null, `cairn trace ${trace.trace.slice(0, 8)}`)),
  );
}

/** Nothing is chosen. */
export function showHint() {
  byId("trace").replaceChildren(
    h(
      "div",
      { class: "empty" },
      h("h2", { id: "trace-title" }, "Every answer can explain itself"),
      h(
        "p",
        null,
        "Choose a question to see each server that was asked, what it said, how long it took, and who signed.",
      ),
    ),
  );
}

export function showMissing(id, back) {
  byId("trace").replaceChildren(
    h("p", { class: "back" }, h("a", { href: back }, "‹ Questions")),
    h(
      "div",
      { class: "empty" },
      h("h2", { id: "trace-title" }, `No trace ${id}`),
      h("p", null, "It was not kept, or has made way for newer ones."),
    ),
  );
}
