// The page: what is shown, and when it is asked for again.
import { byId, clock, day, duration, h, plural, span } from "./dom.js";
import { badge, rcodeKind, showHint, showMissing, showTrace } from "./detail.js";
import { addHistory, drawPlots, newestSample } from "./plots.js";

const EACH_MS = 2000;
const state = { show: "recent", name: "", id: null, live: true, status: null, shown: "" };

async function fetchJson(path) {
  const answer = await fetch(path, { credentials: "omit" });
  if (answer.status === 404) return null;
  if (!answer.ok) throw new Error(`${answer.status}: ${(await answer.text()).trim()}`);
  return answer.json();
}

/* --- Where we are: #/failed/example.com/7f3a9c21 --------------------------------------------------------------- */

const place = id =>
  "#/" +
  [state.show, encodeURIComponent(state.name), id].filter((part, i) => i === 0 || part || (i === 1 && id)).join("/");

function readPlace() {
  const [show, name, id] = location.hash.replace(/^#\/?/, "").split("/");
  state.show = ["slow", "failed"].includes(show) ? show : "recent";
  try {
    state.name = decodeURIComponent(name || "");
  } catch {
    state.name = "";
  }
  state.id = /^[0-9a-f]{1,32}$/.test(id || "") ? id : null;
}

/* --- The list --------------------------------------------------------------------------------------------------- */

// How long it took as a share of the bar: each tenfold from 100 µs to 10 s is a fifth of it.
const part = us => Math.min(1, Math.max(0.03, Math.log10(us / 100) / 5));

function row(trace) {
  const date = new Date(trace.time);
  const [number, unit] = trace.total_us === undefined ? ["–", ""] : duration(trace.total_us);
  const bar = h("span", { class: "bar", "aria-hidden": "true" });
  bar.style.setProperty("--part", trace.total_us ? part(trace.total_us).toFixed(3) : 0);
  return h(
    "li",
    null,
    h(
      "a",
      {
        class: `row ${rcodeKind(trace.rcode)}`,
        href: place(trace.trace),
        "aria-current": state.id && trace.trace.startsWith(state.id) ? "true" : null,
      },
      h("time", { datetime: trace.time, title: `${day(date)} ${clock(date)}` }, clock(date)),
      h("span", { class: "dns", title: trace.qname }, trace.qname || ".", " ", h("b", null, trace.qtype || "")),
      h("span", { class: "took" }, number, h("span", { class: "unit" }, unit), bar),
      h(
        "span",
        { class: "end" },
        badge(trace.rcode),
        trace.ede && h("span", { class: "ede" }, trace.ede),
        h("span", { class: "sent" }, trace.sent ? plural(trace.sent, "message") : "from the cache"),
      ),
    ),
  );
}

const HINTS = {
  recent: ["No question yet", "Ask one, and it appears here:", "example.com"],
  slow: [
    "Nothing was slow",
    "Questions that took longer than 99 of 100 before them are collected here. Anything new has to walk:",
    "www.debian.org",
  ],
  failed: [
    "Nothing failed",
    "Questions that ended in SERVFAIL are collected here, with the reason. One that fails on purpose:",
    "dnssec-failed.org",
  ],
};

function hint() {
  const [title, text, name] = HINTS[state.show];
  const at = state.status && state.status.listen[0];
  const where = at ? `dig @${at.address}${at.port === 53 ? "" : ` -p ${at.port}`} ${name}` : `dig ${name}`;
  if (state.name)
    return [
      h("h3", null, title),
      h(
        "p",
        null,
        "No such question at or below ",
        h("span", { class: "dns" }, state.name),
        ". Clear the field above to see others.",
      ),
    ];
  return [h("h3", null, title), h("p", null, text), h("code", { class: "type" }, where)];
}

// Rows are only touched when they changed, so that focus and selection stay where they are.
function drawList(traces) {
  const now = JSON.stringify([traces, state.show, state.name, state.id, state.status && state.status.listen]);
  if (now === state.shown) return;
  state.shown = now;
  const focus = document.activeElement.closest && document.activeElement.closest(".row");
  const href = focus && focus.getAttribute("href");
  byId("list").replaceChildren(...traces.map(row));
  byId("none").hidden = traces.length > 0;
  byId("none").replaceChildren(...(traces.length ? [] : hint()));
  if (href)
    [...byId("list").querySelectorAll(".row")]
      .find(each => each.getAttribute("href") === href)
      ?.focus({ preventScroll: true });
}

async function loadList() {
  const asked = `/api/traces?show=${state.show}&name=${encodeURIComponent(state.name)}`;
  const answer = await fetchJson(asked);
  if (asked === `/api/traces?show=${state.show}&name=${encodeURIComponent(state.name)}`)
    drawList(answer ? answer.traces : []);
}

/* --- One trace -------------------------------------------------------------------------------------------------- */

async function loadTrace() {
  const id = state.id,
    back = place("");
  document.body.classList.toggle("chosen", Boolean(id));
  if (!id) {
    showHint();
    return;
  }
  const [trace, words] = await Promise.all([fetchJson(`/api/trace/${id}`), fetchJson(`/api/words/${id}`)]);
  if (id !== state.id) return;
  if (!trace || !words) showMissing(id, back);
  else showTrace(trace, words.steps, back);
}

/* --- Live ------------------------------------------------------------------------------------------------------- */

function drawAbout() {
  const { version, started, workers } = state.status;
  const up = Math.max(0, Date.now() / 1000 - started);
  byId("about").textContent = `version ${version} · ${plural(workers, "worker")} · up ${span(up)}`;
}

function trouble(error) {
  byId("trouble").hidden = !error;
  if (error) byId("trouble").textContent = `cairnd does not answer (${error.message}). Trying again…`;
  document.body.classList.toggle("lost", Boolean(error));
}

async function refresh() {
  try {
    const [status, history] = await Promise.all([
      fetchJson("/api/status"),
      fetchJson(`/api/history?after=${newestSample()}`),
    ]);
    state.status = status;
    addHistory(history);
    drawAbout();
    drawPlots();
    await loadList();
    trouble(null);
  } catch (error) {
    trouble(error);
  }
}

async function everySoOften() {
  if (state.live && !document.hidden) await refresh();
  setTimeout(everySoOften, EACH_MS);
}

function setLive(live) {
  state.live = live;
  byId("live").setAttribute("aria-pressed", String(live));
  byId("live-word").textContent = live ? "Live" : "Paused";
  if (live) refresh();
}

/* --- The reader acts -------------------------------------------------------------------------------------------- */

async function placeChanged() {
  readPlace();
  for (const tab of document.querySelectorAll("[data-show]"))
    tab.setAttribute("aria-pressed", String(tab.dataset.show === state.show));
  if (byId("name").value !== state.name) byId("name").value = state.name;
  try {
    await Promise.all([loadList(), loadTrace()]);
  } catch (error) {
    trouble(error);
  }
}

function choose(show, name) {
  state.show = show;
  state.name = name;
  const to = place(state.id);
  if (location.hash !== to) location.hash = to;
}

for (const tab of document.querySelectorAll("[data-show]"))
  tab.addEventListener("click", () => choose(tab.dataset.show, state.name));
document.querySelector(".skip").addEventListener("click", event => {
  event.preventDefault(); // what is behind the # says what is shown
  byId("questions").focus();
});
byId("live").addEventListener("click", () => setLive(!state.live));
byId("list").addEventListener("click", event => {
  if (event.target.closest(".row") && matchMedia("(max-width: 899px)").matches) scrollTo({ top: 0 });
});
byId("list").addEventListener("keydown", event => {
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const rows = [...byId("list").querySelectorAll(".row")];
  const to = rows[rows.indexOf(document.activeElement) + by];
  if (by && to) {
    event.preventDefault();
    to.focus();
  }
});
let typing;
byId("name").addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(() => choose(state.show, byId("name").value.trim()), 250);
});
addEventListener("hashchange", placeChanged);
document.addEventListener("visibilitychange", () => !document.hidden && state.live && refresh());

readPlace();
drawPlots();
placeChanged();
everySoOften();
