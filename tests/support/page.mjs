// Look at the page: page.mjs PLAYWRIGHT FOLDER URL. Every complaint of the browser, its policy included, is a failure.
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { createRequire } from "node:module";
import { resolve } from "node:path";

const [playwright, folder, base] = process.argv.slice(2);
const { chromium } = createRequire(import.meta.url)(resolve(playwright));
const DESK = { viewport: { width: 1440, height: 1000 } },
  PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true };

const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
const complaints = [];

async function open(options, hash = "") {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.on("console", message => ["error", "warning"].includes(message.type()) && complaints.push(message.text()));
  page.on("pageerror", error => complaints.push(error.stack));
  page.on(
    "request",
    request => request.url().startsWith(base) || complaints.push(`asked elsewhere: ${request.url()}`),
  );
  await page.goto(`${base}/${hash}`);
  return page;
}

const picture = (page, name, fullPage = false) => page.screenshot({ path: `${folder}/${name}.png`, fullPage });

/** Ask cairnd a question, as a client would. */
function ask(name) {
  const labels = name.split(".").map(label => Buffer.concat([Buffer.of(label.length), Buffer.from(label)]));
  const socket = createSocket("udp4");
  socket.on("message", () => socket.close());
  socket.send(
    Buffer.concat([Buffer.from("123401000001000000000000", "hex"), ...labels, Buffer.from("0000010001", "hex")]),
    5300,
    "127.0.0.1",
  );
}

// The contrast of two colours as "rgb(r, g, b)" (WCAG 2.2).
function contrast(a, b) {
  const light = colour => {
    const [red, green, blue] = colour
      .match(/[\d.]+/g)
      .slice(0, 3)
      .map(Number)
      .map(n => n / 255)
      .map(n => (n <= 0.04045 ? n / 12.92 : ((n + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [low, high] = [light(a), light(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

async function isReadable(page, scheme) {
  const texts = await page.evaluate(() =>
    [
      ".about",
      ".tile h3",
      ".tile .below",
      ".row .dns",
      ".row time",
      ".badge.fine",
      ".badge.bad",
      ".ede",
      ".steps li p",
      ".steps .bad p",
      ".tabs button",
      ".fact dt",
      ".task-row small",
      ".verdict b",
    ].flatMap(selector => {
      const element = document.querySelector(selector);
      if (!element) return [];
      let ground = element;
      while (ground.parentElement && getComputedStyle(ground).backgroundColor === "rgba(0, 0, 0, 0)")
        ground = ground.parentElement;
      return [[selector, getComputedStyle(element).color, getComputedStyle(ground).backgroundColor]];
    }),
  );
  assert(texts.length >= 10);
  for (const [selector, colour, ground] of texts)
    assert(
      contrast(colour, ground) >= 4.5,
      `${scheme}: ${selector}: ${contrast(colour, ground).toFixed(2)} (${colour} on ${ground})`,
    );
}

const isNoWider = async page =>
  assert(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "it scrolls sideways");

async function look(page, name) {
  await page.waitForSelector(".row");
  assert((await page.locator(".row").count()) >= 7);
  assert.match(await page.locator("#about").innerText(), /^version .*worker/);
  assert.equal(await page.locator(".tile").count(), 5);

  // What failed, and why.
  await page.getByRole("button", { name: "Failed" }).click();
  await page.waitForFunction(() =>
    [...document.querySelectorAll(".row .badge")].every(badge => badge.textContent === "SERVFAIL"),
  );
  await page.locator(".row", { hasText: "www.bogus.bad." }).last().click();
  await page.waitForSelector("#trace .waterfall");
  assert.match(await page.locator("#trace-title").innerText(), /^www\.bogus\.bad\. A$/);
  assert.match(await page.locator(".why").innerText(), /signature over www\.bogus\.bad\. A by key \d+ does not hold/);
  assert.match(await page.locator(".verdict.bogus").innerText(), /^bogus /);
  assert((await page.locator(".node.bad").count()) >= 1);
  assert.match(await page.locator(".node.good .detail").first().textContent(), /key \d+ · .* · ends in \d+/);
  assert((await page.locator(".node.ds").count()) >= 1);

  // By mouse: a message says where it went and what came back.
  const message = page.locator(".rows .message").first();
  await message.hover({ force: true });
  assert.match(
    await page.locator("#tip").innerText(),
    /sent .* to 127\.53\..* over udp, \d+ bytes[^]*answered after/,
  );
  assert((await page.locator(".steps .touched").count()) >= 2);
  assert.equal(
    await page.locator(".steps li").count(),
    Number((await page.locator(".part h3 small").last().innerText()).match(/\d+/)[0]),
  );
  await page.mouse.move(0, 0);

  // By keyboard: one stop for the picture, arrows from mark to mark, and each says itself.
  await page.locator(".rows [tabindex='0']").focus();
  const first = await page.evaluate(() => document.activeElement.getAttribute("aria-label"));
  await page.keyboard.press("ArrowRight");
  const second = await page.evaluate(() => document.activeElement.getAttribute("aria-label"));
  assert.match(first, /sent|cache/);
  assert.notEqual(first, second);
  assert(await page.locator("#tip").isVisible());
  await page.keyboard.press("Escape");
  assert(!(await page.locator("#tip").isVisible()));
  assert.equal(await page.locator(".rows [tabindex='0']").count(), 1);

  // A name, and what is below it; and none.
  await page.getByRole("button", { name: "Recent" }).click();
  await page.getByRole("searchbox").fill("lab");
  await page.waitForFunction(
    () =>
      document.querySelectorAll(".row").length &&
      [...document.querySelectorAll(".row .dns")].every(name => /\.lab\. A$/.test(name.innerText)),
  );
  await page.getByRole("searchbox").fill("nowhere.example");
  await page.waitForSelector("#none:not([hidden])");
  await page.getByRole("searchbox").fill("");
  await page.waitForSelector(".row");

  // Live: a question that is asked now appears without a reload.
  ask(`${name}.site.plain`);
  await page.waitForSelector(`.row:has-text("${name}.site.plain.")`);
  await page.getByRole("button", { name: "Live" }).click();
  assert.equal(await page.getByRole("button", { name: "Paused" }).getAttribute("aria-pressed"), "false");

  // The way past what is at the top.
  await page.locator(".skip").focus();
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "questions");
}

async function named(page) {
  const nameless = await page.evaluate(() =>
    [...document.querySelectorAll("a, button, input, [tabindex='0']")]
      .filter(
        element =>
          element.checkVisibility() &&
          !(
            element.getAttribute("aria-label") ||
            element.textContent.trim() ||
            (element.labels && element.labels[0]?.textContent.trim())
          ),
      )
      .map(element => element.outerHTML),
  );
  assert.deepEqual(nameless, []);
  assert.equal(await page.evaluate(() => document.querySelectorAll("h1").length), 1);
  assert.equal(await page.evaluate(() => document.documentElement.lang), "en");
}

for (const colorScheme of ["light", "dark"]) {
  const page = await open({ ...DESK, colorScheme });
  await look(page, `live-${colorScheme}`);
  await page.getByRole("button", { name: "Failed" }).click();
  await page.locator(".row", { hasText: "www.bogus.bad." }).last().click();
  await page.waitForSelector(".chain");
  await isReadable(page, colorScheme);
  await isNoWider(page);
  await named(page);
  await picture(page, `desk-${colorScheme}`);
  const chain = (await (await fetch(`${base}/api/traces?name=chain.example.org`)).json()).traces.findLast(
    trace => trace.sent,
  );
  await page.goto(`${base}/#/recent//${chain.trace}`);
  await page.waitForFunction(() =>
    document.querySelector("#trace-title").textContent.startsWith("chain.example.org"),
  );
  assert((await page.locator(".task-row").count()) > 5);
  assert.match(await page.locator(".fact dd").nth(2).innerText(), /^\d+/);
  await picture(page, `walk-${colorScheme}`, true);
  await page.context().close();
}

const phone = await open({ ...PHONE, colorScheme: "light" });
await phone.waitForSelector(".row");
await isNoWider(phone);
await picture(phone, "phone-list");
await phone.locator(".row", { hasText: "www.silent.bad." }).first().tap();
await phone.waitForSelector("#trace .waterfall");
assert(!(await phone.locator("#list").isVisible()), "on a phone one thing is shown at a time");
await isNoWider(phone);
await picture(phone, "phone-trace", true);
await phone.getByRole("link", { name: "‹ Questions" }).click();
await phone.waitForSelector(".row");
assert(await phone.locator("#list").isVisible());

const none = await open({ ...DESK, colorScheme: "light" }, "#/failed/nowhere.example/00000000");
await none.waitForSelector("#none:not([hidden])");
await none.waitForFunction(() => /No trace 00000000/.test(document.querySelector("#trace").textContent));
complaints.splice(0, complaints.length, ...complaints.filter(text => !/404/.test(text))); // that is what was asked for

// What a walk does when its question has been answered is no waiting.
const waited = await none.evaluate(async () => {
  const { networkTime } = await import("/walk.js");
  const spans = [[0, 10], [5, 20], [30, 60], [45, 50], [55]];
  const message = ([from, to]) => ({ sent: { at_us: from }, ended: to && { at_us: to } });
  return networkTime([{ messages: spans.map(message) }], 40);
});
assert.equal(waited, 30);

await browser.close();
assert.deepEqual(complaints, []);
console.log("PASS page");
