// The chain of trust as a graph: from the keys of the highest zone down to the records of the answer.
import { h, s, span } from "./dom.js";
import { ALGORITHMS, chainOf, verdictsOf } from "./walk.js";

const ROW = 56,
  BOX = 44,
  INDENT = 22,
  MARGIN = 12;

function expiry(signature, now) {
  const left = signature.expiration - now;
  return left >= 0 ? `ends in ${span(left)}` : `ended ${span(-left)} ago`;
}

const TITLES = {
  keys: node => `${node.name} DNSKEY`,
  ds: node => `${node.name} DS`,
  set: node => `${node.name} ${node.signature.type}`,
};

function detail(node, now) {
  const signature = node.signature;
  if (!signature) return "its keys were known before";
  const algorithm = ALGORITHMS[signature.algorithm] || `algorithm ${signature.algorithm}`;
  const verdict = signature.verdict === "good" ? "" : `${signature.verdict} · `;
  return `${verdict}key ${signature.key_tag} · ${algorithm} · ${expiry(signature, now)}`;
}

const state = node => (!node.signature ? "known" : node.signature.verdict === "good" ? "good" : "bad");

// Where the line to a node begins: the row of the nearest one above it that is less deep.
function parentRow(nodes, i) {
  for (let at = i - 1; at >= 0; at--) if (nodes[at].depth < nodes[i].depth) return at;
  return -1;
}

function drawEdge(nodes, i) {
  const parent = parentRow(nodes, i);
  if (parent < 0) return null;
  const x = nodes[parent].depth * INDENT + MARGIN,
    y = i * ROW + BOX / 2;
  const end = nodes[i].depth * INDENT;
  return s("path", {
    class: `edge ${state(nodes[i])}`,
    d: `M${x} ${parent * ROW + BOX}V${y - 6}q0 6 6 6H${end - 2}`,
  });
}

const ICONS = {
  good: "M0 0l3.5 3.5L10 -3.5",
  bad: "M0 -4l8 8M8 -4l-8 8",
  known: "M0 0h8",
};

function drawNode(node, i, now) {
  const kind = state(node);
  const x = node.depth * INDENT,
    y = i * ROW;
  const text = [TITLES[node.kind](node), detail(node, now)];
  const lines = [
    s("text", { class: "title dns", x: x + 30, y: y + 18 }, text[0]),
    s("text", { class: "detail", x: x + 30, y: y + 34 }, text[1]),
  ];
  const box = s("rect", { class: "box", x: x + 0.5, y: y + 0.5, width: 100, height: BOX - 1, rx: 7 });
  const group = s(
    "g",
    { class: `node ${kind} ${node.kind}`, role: "listitem", "aria-label": text.join(", ") },
    box,
    s("path", { class: "icon", d: ICONS[kind], transform: `translate(${x + 11} ${y + BOX / 2})` }),
    lines,
  );
  group.fit = widest =>
    box.setAttribute(
      "width",
      Math.min(widest - x - 1, Math.max(...lines.map(each => each.getComputedTextLength())) + 44),
    );
  return group;
}

const VERDICTS = {
  secure: "every signature from the trust anchor down to the answer holds",
  insecure: "a zone on the way is provably not signed, so there is nothing to check",
  bogus: "a signature that should hold does not: the answer is refused",
  indeterminate: "the network failed while keys were fetched",
  unchecked: "no trust anchor is above this name",
};

function conclusion(trace) {
  const verdict = verdictsOf(trace).get((trace.qname || "").toLowerCase());
  if (!verdict) return null;
  const word = verdict.split(":")[0];
  return h("p", { class: `verdict ${word}` }, h("b", null, word), " ", VERDICTS[word] || "");
}

/** The section's content; null where the trace has nothing to say about signatures. */
export function drawChain(trace) {
  const nodes = chainOf(trace),
    end = conclusion(trace);
  const now = Date.parse(trace.time) / 1000;
  if (!nodes.length) return end;
  const drawn = nodes.map((node, i) => drawNode(node, i, now));
  const picture = s(
    "svg",
    {
      class: "chain",
      role: "list",
      "aria-label": "Chain of trust",
      width: 300,
      height: nodes.length * ROW - (ROW - BOX),
    },
    nodes.map((node, i) => drawEdge(nodes, i)),
    drawn,
  );
  const scroller = h(
    "div",
    { class: "scroller", tabindex: "0", role: "group", "aria-label": "Chain of trust" },
    picture,
  );
  // How wide a box is can be told once the text stands in the page.
  requestAnimationFrame(() => {
    drawn.forEach(group => group.fit(Infinity));
    picture.setAttribute("width", Math.ceil(picture.getBBox().width) + 2);
  });
  return h("div", null, end, scroller);
}
