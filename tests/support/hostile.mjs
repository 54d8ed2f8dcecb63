// Show names that are made to break a page: hostile.mjs PLAYWRIGHT URL GROUPS EACH. They were asked before, EACH of them
// below gN.site.plain. Nothing may come of them but text.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { resolve } from "node:path";

const [playwright, base, groups, each] = process.argv.slice(2);
const { chromium } = createRequire(import.meta.url)(resolve(playwright));
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
const page = await browser.newPage();
const complaints = [];

page.on("console", message => ["error", "warning"].includes(message.type()) && complaints.push(message.text()));
page.on("pageerror", error => complaints.push(error.stack));
page.on("dialog", dialog => complaints.push(`a dialog: ${dialog.message()}`));
page.on("framenavigated", frame => frame.url().startsWith(`${base}/`) || complaints.push(`went to ${frame.url()}`));
page.on("request", request => request.url().startsWith(base) || complaints.push(`asked elsewhere: ${request.url()}`));

// Elements, attributes and characters that are not the page's own.
const strangers = () =>
  page.evaluate(() => {
    const own = (
      "A ARTICLE B BODY BUTTON CODE DD DIV DL DT H1 H2 H3 HEADER INPUT LABEL LI MAIN NOSCRIPT OL P SECTION SMALL " +
      "SPAN TIME UL circle g line path rect svg text"
    ).split(" ");
    const OWN_STYLE = /^(--(depth|part): [\d.]+;|left: [\d.-]+px; top: [\d.-]+px;)$/;
    const all = [...document.body.querySelectorAll("*")];
    const attributes = all.flatMap(element => [...element.attributes]);
    return [
      ...all.filter(element => !own.includes(element.tagName)).map(element => `element ${element.tagName}`),
      ...attributes
        .filter(({ name, value }) => /^on|^src/.test(name) || (name === "style" && !OWN_STYLE.test(value)))
        .map(({ name, value }) => `attribute ${name}=${value}`),
      ...attributes
        .filter(({ name, value }) => name === "href" && !/^#/.test(value))
        .map(({ value }) => `link ${value}`),
      ...(document.body.innerText.match(/[^\n\t -~µ·–—‹…\u202f]/g) || []).map(
        char => `character ${char.codePointAt(0)}`,
      ),
    ];
  });

await page.goto(`${base}/`);
let shown = 0;
for (let group = 0; group < Number(groups); group++) {
  await page.evaluate(to => (location.hash = to), `#/recent/g${group}.site.plain`);
  await page.waitForFunction(
    ([suffix, count]) => {
      const names = [...document.querySelectorAll(".row .dns")];
      return names.length === count && names.every(name => name.textContent.toLowerCase().endsWith(suffix));
    },
    [`.g${group}.site.plain. a`, Number(each)],
  );
  assert.deepEqual(await strangers(), []);
  shown += await page.locator(".row").count();
  for (const at of [0, Number(each) - 1]) {
    const row = page.locator(".row").nth(at);
    const name = (await row.locator(".dns").textContent()).trim();
    await row.click();
    await page.waitForFunction(wanted => document.querySelector("#trace-title").textContent.trim() === wanted, name);
    await page.locator(".rows .message").first().focus();
    assert.deepEqual(await strangers(), []);
  }
}
assert(
  await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth),
  "long names make it scroll sideways",
);
await browser.close();
assert.deepEqual(complaints, []);
console.log(`${shown} names shown`);
