// The tiles at the top: one figure each, and how it went during the last hour.
import { byId, clock, count, duration, durationText, h, rate, s, size, span } from "./dom.js";

const WIDTH = 240,
  HEIGHT = 56,
  RIGHT = 4,
  HOUR_S = 3600,
  SHORTEST_S = 300;

const share = (part, whole) => (whole ? (100 * part) / whole : null);
const percent = n => (n === null ? "–" : n >= 99.95 || n === 0 ? n.toFixed(0) : n.toFixed(1));
const sum = (samples, field) => samples.reduce((all, sample) => all + sample[field], 0);
const logOf = us => (us ? Math.log10(us) : null);

// Each tile: what it is called; the curves (a value or null for one sample); the large figure and the small line; and
// what is said of a single moment.
const TILES = [
  {
    title: "Questions",
    curves: [{ of: (x, step) => x.questions / step, fill: true }],
    figure: (minute, step) => [rate(sum(minute, "questions") / (minute.length * step || 1)), "per second"],
    below: all => `${count(sum(all, "questions"))} ${lately()}`,
    at: (x, step) => `${rate(x.questions / step)} per second`,
  },
  {
    title: "From the cache",
    curves: [{ of: x => share(x.hits, x.hits + x.misses), fill: true }],
    floor: 0,
    ceiling: 100,
    figure: minute => [percent(share(sum(minute, "hits"), sum(minute, "hits") + sum(minute, "misses"))), "%"],
    below: all => `${count(sum(all, "sent"))} messages to servers`,
    at: x =>
      x.hits + x.misses
        ? `${percent(share(x.hits, x.hits + x.misses))} % of ${count(x.hits + x.misses)}`
        : "nothing asked",
  },
  {
    title: "Time of a walk",
    curves: [{ of: x => logOf(x.miss_p99_us), faint: true }, { of: x => logOf(x.miss_p50_us) }],
    floor: 3,
    figure: (minute, step, all) => (middle(all) ? duration(middle(all)) : ["–", ""]),
    below: all =>
      last(all, "hit_p50_us") ? `half took less; cached ${durationText(last(all, "hit_p50_us"))}` : "half took less",
    at: x =>
      x.miss_p50_us
        ? `half within ${durationText(x.miss_p50_us)}, 99 of 100 within ${durationText(x.miss_p99_us)}`
        : "no walk",
  },
  {
    title: "Failures",
    curves: [{ of: x => x.failures, bars: true }],
    figure: (minute, step, all) => [count(sum(all, "failures")), "SERVFAIL"],
    below: () => lately(),
    at: (x, step) => `${count(x.failures)} in ${step} s`,
    bad: all => sum(all, "failures") > 0,
  },
  {
    title: "Cache",
    curves: [{ of: x => x.cache_bytes, fill: true }],
    floor: 0,
    figure: minute => (minute.length ? size(minute[minute.length - 1].cache_bytes) : ["–", ""]),
    below: all => (all.length ? `${count(all[all.length - 1].cache_entries)} entries` : "no entry yet"),
    at: x => `${size(x.cache_bytes).join(" ")}, ${count(x.cache_entries)} entries`,
  },
];

const lately = () =>
  history.newest - (history.raw[0] || { time: 0 }).time > 0.95 * HOUR_S
    ? "in the last hour"
    : history.raw.length
      ? `in the last ${span(history.newest - history.raw[0].time + history.each)}`
      : "so far";

/** What half of all walks took less than, as far as the halves of each sample can tell. */
function middle(samples) {
  const walks = samples.filter(sample => sample.miss_p50_us).sort((a, b) => a.miss_p50_us - b.miss_p50_us);
  let left = sum(walks, "misses") / 2;
  return (walks.find(sample => (left -= sample.misses) <= 0) || { miss_p50_us: 0 }).miss_p50_us;
}

function last(samples, field) {
  for (let i = samples.length - 1; i >= 0; i--) if (samples[i][field]) return samples[i][field];
  return 0;
}

// What came, and the same in as large steps as a plot this wide can show.
const POINTS = 120;
const history = { each: 5, step: 5, range: SHORTEST_S, raw: [], samples: [], newest: 0 };

const ADDED = ["questions", "hits", "misses", "failures", "sent"];

function grouped() {
  const groups = new Map();
  for (const sample of history.raw) {
    const slot = Math.ceil(sample.time / history.step);
    const before = groups.get(slot);
    groups.set(
      slot,
      before
        ? Object.fromEntries(
            Object.entries(sample).map(([field, value]) => [
              field,
              ADDED.includes(field)
                ? value + before[field]
                : field.endsWith("_us")
                  ? Math.max(value, before[field])
                  : value,
            ]),
          )
        : sample,
    );
  }
  return [...groups.values()];
}

/** Take in what /api/history says. */
export function addHistory(answer) {
  history.each = answer.step_s;
  for (const numbers of answer.samples) {
    const sample = Object.fromEntries(answer.fields.map((field, i) => [field, numbers[i]]));
    if (sample.time > history.newest) {
      history.raw.push(sample);
      history.newest = sample.time;
    }
  }
  while (history.raw.length && history.raw[0].time < history.newest - HOUR_S) history.raw.shift();
  history.range = history.raw.length ? Math.max(SHORTEST_S, history.newest - history.raw[0].time) : SHORTEST_S;
  history.step = history.each * Math.ceil(history.range / POINTS / history.each);
  history.samples = grouped();
}
export const newestSample = () => history.newest;

const x = sample => (WIDTH - RIGHT) * (1 - (history.newest - sample.time) / history.range);

function range(tile) {
  const values = tile.curves
    .flatMap(curve => history.samples.map(sample => curve.of(sample, history.step)))
    .filter(v => v !== null);
  const low = tile.floor ?? 0;
  return [low, tile.ceiling ?? Math.max(low + 1, ...values) * 1.08];
}

function curvePath(curve, y) {
  const paths = [];
  let points = [];
  const end = () => {
    if (points.length) paths.push(points);
    points = [];
  };
  for (const sample of history.samples) {
    const value = curve.of(sample, history.step);
    if (value === null) end();
    else points.push([x(sample), y(value)]);
  }
  end();
  return paths;
}

const line = points => points.map(([px, py], i) => `${i ? "L" : "M"}${px.toFixed(1)} ${py.toFixed(1)}`).join("");

function drawCurve(curve, y) {
  if (curve.bars)
    return history.samples
      .filter(sample => curve.of(sample))
      .map(sample =>
        s("rect", {
          class: "bar",
          x: (x(sample) - 1).toFixed(1),
          y: y(curve.of(sample)).toFixed(1),
          width: 2,
          height: (HEIGHT - y(curve.of(sample))).toFixed(1),
        }),
      );
  const kind = curve.faint ? " faint" : "";
  return curvePath(curve, y)
    .flatMap(points => [
      curve.fill &&
        s("path", {
          class: "area",
          d: `${line(points)}V${HEIGHT}H${points[0][0].toFixed(1)}Z`,
        }),
      points.length > 1 &&
        s("path", { class: "curve" + kind, d: line(points), "vector-effect": "non-scaling-stroke" }),
      points.length === 1 &&
        points.map(([px, py]) =>
          s("path", {
            class: "dot" + kind,
            d: `M${px.toFixed(1)} ${py.toFixed(1)}h0`,
            "vector-effect": "non-scaling-stroke",
          }),
        ),
    ])
    .flat();
}

function drawTile(tile) {
  const { samples, step } = history;
  const minute = history.raw.filter(sample => sample.time > history.newest - 60);
  const [number, unit] = tile.figure(minute, history.each, samples);
  const [low, high] = range(tile);
  const y = value => HEIGHT - 1 - ((HEIGHT - 4) * (Math.max(value, low) - low)) / (high - low);
  const cursor = s("path", { class: "cursor", "vector-effect": "non-scaling-stroke" });
  const below = h("p", { class: "below" }, tile.below(samples));

  tile.element.classList.toggle("bad", Boolean(tile.bad && tile.bad(samples)));
  tile.element.setAttribute(
    "aria-label",
    `${tile.title}: ${number} ${unit}, ${tile.below(samples)}. Arrow keys go through the hour.`,
  );
  tile.cursor = cursor;
  tile.below_element = below;
  tile.element.replaceChildren(
    h("h3", null, tile.title),
    h("p", { class: "figure" }, number, unit && h("span", { class: "unit" }, unit)),
    below,
    s(
      "svg",
      { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" },
      s("path", { class: "ground", d: `M0 ${HEIGHT - 0.5}H${WIDTH}`, "vector-effect": "non-scaling-stroke" }),
      tile.curves.flatMap(curve => drawCurve(curve, y)),
      cursor,
    ),
  );
  if (tile.chosen !== undefined) point(tile, tile.chosen);
}

// Say what was at one moment; undefined: of the whole hour again.
function point(tile, index) {
  const sample = history.samples[index];
  tile.chosen = sample ? index : undefined;
  tile.cursor.setAttribute("d", sample ? `M${x(sample).toFixed(1)} 0V${HEIGHT}` : "");
  tile.below_element.textContent = sample
    ? `${clock(new Date(sample.time * 1000))} – ${tile.at(sample, history.step)}`
    : tile.below(history.samples);
}

function nearest(event, element) {
  const box = element.querySelector("svg").getBoundingClientRect();
  const wanted = history.newest - history.range * (1 - (event.clientX - box.left) / box.width);
  let best;
  history.samples.forEach((sample, i) => {
    if (best === undefined || Math.abs(sample.time - wanted) < Math.abs(history.samples[best].time - wanted))
      best = i;
  });
  return best;
}

function makeTile(tile) {
  const element = h("article", { class: "tile", tabindex: "0", role: "group" });
  element.addEventListener("pointermove", event => point(tile, nearest(event, element)));
  element.addEventListener("pointerleave", () => point(tile));
  element.addEventListener("blur", () => point(tile));
  element.addEventListener("keydown", event => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by || !history.samples.length) return;
    event.preventDefault();
    const at = tile.chosen ?? history.samples.length;
    point(tile, Math.max(0, Math.min(history.samples.length - 1, at + by)));
    element.setAttribute("aria-label", `${tile.title}, ${tile.below_element.textContent}`);
  });
  tile.element = element;
  return element;
}

export function drawPlots() {
  if (!byId("figures").childElementCount) byId("figures").append(...TILES.map(makeTile));
  TILES.forEach(drawTile);
}
