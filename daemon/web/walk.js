// What the steps of a trace say: its tasks, the messages of each, and who signed what.

/** Pair each message sent with what became of it. */
function pairMessages(task) {
  const open = [];
  for (const step of task.steps) {
    if (step.step === "send") {
      const message = { sent: step, ended: null, good: true, after: [] };
      open.push(message);
      task.messages.push(message);
    } else if (["received", "timeout", "failed"].includes(step.step)) {
      const at = open.findIndex(message => message.sent.server === step.server);
      if (at < 0) continue;
      const [message] = open.splice(at, 1);
      message.ended = step;
      message.good = step.step === "received";
    } else if (step.step === "unusable") {
      const message = task.messages.findLast(each => each.sent.server === step.server && each.ended);
      if (message) {
        message.good = false;
        message.after.push(step);
      }
    }
  }
}

/** The tasks of a trace as they hang below each other: [{number, depth, qname, qtype, why, steps, messages...}]. */
export function tasksOf(trace) {
  const tasks = new Map();
  const task = number => {
    if (!tasks.has(number))
      tasks.set(number, {
        number,
        parent: null,
        why: "",
        qname: trace.qname || ".",
        qtype: trace.qtype || "",
        steps: [],
        messages: [],
        children: [],
      });
    return tasks.get(number);
  };
  trace.steps.forEach((step, index) => {
    step.index = index;
    const own = task(step.task);
    if (step.step === "task")
      Object.assign(own, { parent: step.parent, qname: step.qname, qtype: step.qtype, why: step.why });
    own.steps.push(step);
  });
  for (const own of tasks.values()) {
    own.start = own.steps[0].at_us;
    own.end = own.steps[own.steps.length - 1].at_us;
    pairMessages(own);
    if (own.number !== 0 && tasks.has(own.parent) && own.parent !== own.number)
      tasks.get(own.parent).children.push(own);
  }
  return inOrder(tasks);
}

// Depth first, without recursion: a damaged trace may say that tasks began each other.
function inOrder(tasks) {
  const rows = [],
    seen = new Set();
  for (const first of tasks.values()) {
    const stack = [[first, 0]];
    while (stack.length) {
      const [task, depth] = stack.pop();
      if (seen.has(task)) continue;
      seen.add(task);
      task.depth = depth;
      rows.push(task);
      for (const child of [...task.children].reverse()) stack.push([child, depth + 1]);
    }
  }
  return rows;
}

/** How long at least one message was under way until the end: a walk may go on when its question is answered. */
export function networkTime(tasks, end) {
  const spans = tasks
    .flatMap(task => task.messages)
    .map(message => [message.sent.at_us, Math.min(end, message.ended ? message.ended.at_us : end)])
    .sort((a, b) => a[0] - b[0]);
  let total = 0,
    until = 0;
  for (const [from, to] of spans) {
    if (to > until) {
      total += to - Math.max(from, until);
      until = to;
    }
  }
  return total;
}

/** The step that decided how it ended, if it is not just an answer. */
export function decidingStep(trace) {
  const steps = trace.steps;
  return (
    steps.findLast(step => step.step === "gave_up" && step.task === 0) ||
    steps.findLast(step => step.step === "policy" || step.step === "dropped") ||
    null
  );
}

export const ALGORITHMS = {
  5: "RSA/SHA-1",
  7: "RSA/SHA-1",
  8: "RSA/SHA-256",
  10: "RSA/SHA-512",
  13: "ECDSA P-256",
  14: "ECDSA P-384",
  15: "Ed25519",
  16: "Ed448",
};

/**
 * The chain of trust as a list of nodes, each with its depth: the key set of a zone, and below it what its keys signed;
 * below a DS set the keys of that zone. Zones whose own keys were known before have no signature to show.
 */
export function chainOf(trace) {
  const best = new Map();
  for (const step of trace.steps) {
    if (step.step !== "signature") continue;
    const key = [step.signer, step.owner, step.type].join(" ").toLowerCase();
    if (!best.has(key) || step.verdict === "good")
      best.set(key, { ...step, owner: step.owner.toLowerCase(), signer: step.signer.toLowerCase() });
  }
  const signatures = [...best.values()];
  const zones = [...new Set(signatures.map(each => each.signer))].sort((a, b) => a.length - b.length);
  const nodes = [],
    seen = new Set();
  const stack = zones
    .filter(zone => !signatures.some(each => each.type === "DS" && each.owner === zone))
    .reverse()
    .map(zone => ({ zone, depth: 0 }));
  while (stack.length) {
    const at = stack.pop();
    if (at.zone === undefined) {
      nodes.push(at);
      continue;
    }
    if (seen.has(at.zone)) continue;
    seen.add(at.zone);
    const own = signatures.filter(each => each.signer === at.zone);
    nodes.push({
      kind: "keys",
      name: at.zone,
      depth: at.depth,
      signature: own.find(each => each.type === "DNSKEY" && each.owner === at.zone),
    });
    const below = own.filter(each => !(each.type === "DNSKEY" && each.owner === at.zone)).reverse();
    for (const signature of below) {
      if (signature.type === "DS" && zones.includes(signature.owner))
        stack.push({ zone: signature.owner, depth: at.depth + 2 });
      stack.push({
        kind: signature.type === "DS" ? "ds" : "set",
        name: signature.owner,
        depth: at.depth + 1,
        signature,
      });
    }
  }
  return nodes;
}

/** The verdicts on names, the last one of each. */
export function verdictsOf(trace) {
  const verdicts = new Map();
  for (const step of trace.steps) if (step.step === "verdict") verdicts.set(step.name.toLowerCase(), step.verdict);
  return verdicts;
}
