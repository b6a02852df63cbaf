// The status page in a real browser, over a real hub: `huiliu demo` in a folder of its own with few, quiet cases.
// Run by run.sh, which says where the programs are. It must never print the key.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";

const { HUILIU_BIN, CHROMIUM, PLAYWRIGHT_DIR, SHOTS } = process.env;
const { chromium } = createRequire(join(resolve(PLAYWRIGHT_DIR), "page.test.mjs"))("playwright-core");
const PATIENCE_MS = 60_000;
/** Things only the citizen and the handling department may know. */
const PLANTED = { callerName: "欧阳测试甲", callerPhone: "13900001234", majorContent: "绝密正文：家住测试里弄九十九号，身份证号330205199001011234，请问医疗救助需要带哪些材料，到哪里办理？", title: "机密标题测试乙" };

const SEARCH = /\/v1\/search$/;
const EVENTS = /\/v1\/events\?/;
const OVERVIEW = /\/v1\/overview$/;
const READY = /\/readyz$/;

let folder, hub, browser, page;
const complaints = [];

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "huiliu-page-"));
  hub = await startDemo(folder);
  browser = await chromium.launch({
    executablePath: CHROMIUM, headless: true,
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--no-first-run"],
  });
  page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  page.setDefaultTimeout(PATIENCE_MS);
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
}, { timeout: 2 * PATIENCE_MS });

after(async () => {
  await browser?.close();
  await hub?.stop();
  if (folder) await rm(folder, { recursive: true, force: true });
});

test("the page at work", { timeout: 4 * PATIENCE_MS }, async (t) => {
  await t.test("opens with the key from the address and takes the key out of it", async () => {
    await page.goto(hub.page);
    await page.locator("#happenings .tag").first().waitFor();
    assert.ok(!page.url().includes("key="), "the key stays in the address");
  });

  await t.test("shows cases as they arrive", async () => {
    const count = async () => Number((await page.locator("#flow b").first().textContent()).replaceAll(",", ""));
    const first = await count();
    await post(`${hub.hotline}/sim/generate`, { count: 3 });
    await until(async () => (await count()) >= first + 3, "three more cases on the page");
  });

  await t.test("opens a case and says by which line of which file it went where", async () => {
    const row = page.locator("#happenings tr", { hasText: /responsibilities\.csv:\d+/ }).first();
    const number = await row.locator("button.code").textContent();
    await page.locator("#hold").click();
    await row.locator("button.code").click();
    await page.locator("#drawer-body .steps").waitFor();
    assert.equal(await page.locator("#drawer-title").textContent(), number);
    assert.match(await page.locator("#drawer-body .box .rule").first().textContent(), /^responsibilities\.csv:\d+$/);
    await page.locator("#close").click();
    await page.locator("#hold").click();
  });

  await t.test("leaves no gap in a text unfilled", async () => {
    assert.doesNotMatch(await page.locator("main").textContent(), /\{\w+\}/);
  });

  await t.test("switches its language and stays switched", async () => {
    await until(async () => (await page.locator("#channels-title").textContent()) === "渠道来件", "Chinese");
    await page.locator("#language").click();
    assert.equal(await page.locator("#channels-title").textContent(), "Arrivals");
    assert.equal(await page.locator("html").getAttribute("lang"), "en");
    await page.reload();
    await until(async () => (await page.locator("#channels-title").textContent()) === "Arrivals", "English after a reload");
    await page.locator("#language").click();
  });

  await t.test("shows nothing personal of a case that is full of it", async () => {
    const orders = await (await fetch(`${hub.hotline}/sim/orders?limit=1`)).json();
    const { body } = await (await fetch(`${hub.hotline}/sim/orders/${orders.rows[0].id}`)).json();
    const id = `2026010199${process.pid}`;
    await post(`${hub.hotline}/sim/orders`, { ...body, orderId: id, orderNum: `热线-260101-${process.pid}`, isSecret: "0", isAnonymous: "0", ...PLANTED });
    const name = encodeURIComponent(`hotline-12345:${id}`);
    await until(async () => (await ask(`/v1/cases/${name}`)).ok, "the planted case in the read model");
    // The proof that the words did arrive, and that this test could find them.
    const number = (await (await ask(`/v1/cases/${name}`)).json()).case.number;
    const content = JSON.stringify(await (await ask(`/v1/cases/${number}/content`)).json());
    for (const word of Object.values(PLANTED)) assert.ok(content.includes(word), `the case does not hold ${word}`);

    await search(number);
    await page.locator("#drawer-body .steps").waitFor();
    const shown = await page.content();
    for (const word of Object.values(PLANTED)) assert.ok(!shown.includes(word), `the page shows ${word}`);
    if (SHOTS) await page.screenshot({ path: join(SHOTS, "drawer.png") });
    await page.locator("#close").click();
  });

  await t.test("finds a case by two characters and by telephone, and says in which field they stand", async () => {
    for (const [typed, by] of [["里弄", "文字 内容"], ["机密 标题", "文字 标题"], ["139 0000 1234", "电话 反映人"]]) {
      await search(typed);
      await until(async () => (await page.locator("#drawer-body td", { hasText: by }).count()) === 1, `${typed} by ${by}`);
      const shown = await page.locator("#drawer").textContent();
      for (const word of Object.values(PLANTED)) assert.ok(!shown.includes(word), `the answer shows ${word}`);
      if (SHOTS) await page.screenshot({ path: join(SHOTS, "search.png") });
      await page.locator("#close").click();
    }
    await search("灯");
    await until(async () => (await page.locator("#drawer-body").textContent()).includes("单字无法查找"), "a word about one character");
    expected(422);
    await page.locator("#close").click();
  });

  await t.test("says why a search is not answered, and takes that for no broken connection", async () => {
    await page.route(SEARCH, (route) => route.fulfill(problem(429, "has too much in hand at once")));
    await search("里弄");
    await until(async () => (await page.locator("#drawer-body").textContent()).includes("has too much in hand at once"), "the reason");
    assert.equal(await page.locator("#live.lost").count(), 0);
    expected(429);
    await page.unroute(SEARCH);
    await page.locator("#close").click();
  });

  await t.test("gives up a search for the next, and waits for a slow one", async () => {
    let given = 0;
    page.on("requestfailed", (request) => (given += SEARCH.test(request.url())));
    await page.route(SEARCH, () => undefined, { times: 1 });
    await search("里弄");
    await page.route(SEARCH, (route) => setTimeout(() => route.continue(), 1_000), { times: 1 });
    await search("机密 标题");
    const found = page.locator("#drawer-body td", { hasText: "文字 标题" });
    await found.waitFor();
    assert.equal(given, 1, "the first is still asked");
    await page.locator("#close").click();

    await page.route(SEARCH, (route) => setTimeout(() => route.continue(), 11_000), { times: 1 });
    await search("机密 标题");
    await found.waitFor();
    await page.locator("#close").click();
  });

  await t.test("begins anew where the log was restored from before its place", async () => {
    let beyond, anew;
    await page.route(EVENTS, (route) => {
      const cursor = new URL(route.request().url()).searchParams.get("cursor");
      anew ||= beyond !== undefined && cursor === null;
      beyond ??= cursor ?? undefined;
      return cursor !== null && cursor === beyond ? route.fulfill(problem(422, "begin anew")) : route.continue();
    });
    await until(async () => anew && (await page.locator("#live.lost").count()) === 0, "the newest events");
    await page.unroute(EVENTS);
    expected(422);
  });

  await t.test("leaves what says the same where it stands", async () => {
    await page.evaluate(() => (document.querySelector("#channels button").pressed = true));
    const seen = await page.locator("#live-at").textContent();
    await until(async () => (await page.locator("#live-at").textContent()) !== seen, "another look at the hub");
    assert.ok(await page.evaluate(() => document.querySelector("#channels button").pressed), "a button was exchanged for one like it");
  });

  await t.test("is not live while the hub takes nothing in, and says why", async () => {
    const work = { ready: true, engine: true, taking_work: true };
    for (const [status, readiness, why] of [
      [503, { ...work, ready: false, engine: false }, "nats-server"],
      [503, { ...work, ready: false, taking_work: false }, "正在启动或停止"],
      [200, { ...work, no_room: "4 MiB are free" }, "4 MiB are free"],
    ]) {
      await page.route(READY, (route) => route.fulfill({ status, json: readiness }));
      await until(async () => (await page.locator("#trouble").textContent()).includes(why), why);
      assert.equal(await page.locator("#live.lost").count(), 1);
      assert.equal(await page.locator("#live-text").textContent(), "未在受理");
      await page.unroute(READY);
    }
    await until(async () => (await page.locator("#live-text").textContent()) === "实时", "live again");
    expected(503);

    // A proxy may keep it back.
    await page.route(READY, (route) => route.fulfill({ status: 404, body: "" }));
    await page.locator("#live.unsure").waitFor();
    await page.unroute(READY);
    await until(async () => (await page.locator("#live-text").textContent()) === "实时", "live again");
    expected(404);
  });

  await t.test("says why the hub does not answer, in place of a broken connection", async () => {
    await page.route(OVERVIEW, (route) => route.fulfill(problem(503, "is being built")));
    await until(async () => (await page.locator("#trouble").textContent()).includes("is being built"), "the reason");
    await page.unroute(OVERVIEW);
    await until(async () => (await page.locator("#live.lost").count()) === 0, "live again");
    assert.ok(await page.locator("#trouble").isHidden(), "the reason stays");
    expected(503);
  });

  await t.test("asks again for a key that cannot be sent", async () => {
    const other = await browser.newPage();
    await other.goto(new URL("/", hub.page).href);
    for (const key of ["ｋｅｙ", ` ${new URL(hub.page).hash.slice("#key=".length)} `]) {
      await other.locator("#key").fill(key);
      await other.locator("#ask-key button").click();
      if (key === "ｋｅｙ") await until(async () => (await other.locator("#ask-why").textContent()).startsWith("密钥无效"), "the question again");
    }
    await other.locator("#happenings .tag").first().waitFor();
    assert.ok(await other.locator("#ask-key").isHidden(), "the question stays");
    await other.close();
  });

  await t.test("explains the interface, with nothing from elsewhere", async () => {
    const { paths } = await (await fetch(new URL("/v1/openapi.json", hub.page))).json();
    const operations = Object.values(paths).flatMap((path) => Object.keys(path)).length;
    const asked = [];
    page.on("request", (request) => asked.push(new URL(request.url()).origin));
    await page.goto(new URL("/docs#pushRecords", hub.page).href);
    await page.locator("#pushRecords summary").first().click();
    assert.equal(await page.locator("article[id]").count(), operations);
    assert.ok(!(await page.locator("main").textContent()).includes("[object"), "something is shown as what it is made of");
    await page.locator("#language").click();
    assert.match(await page.locator("#pushRecords h3").textContent(), /Hand in records/);
    await page.locator("#filter").fill("dead");
    await until(async () => (await page.locator("article[id]").count()) < 8, "fewer operations");
    assert.deepEqual([...new Set(asked)], [new URL(hub.page).origin]);
    if (SHOTS) await page.screenshot({ path: join(SHOTS, "docs.png") });
    await page.locator("#language").click();
  });

  await t.test("had nothing to complain of", () => assert.deepEqual(complaints, []));
});

/** Starts the demo and reads from its greeting where things are. */
async function startDemo(dir) {
  const child = spawn(HUILIU_BIN, ["demo", "--dir", dir, "--listen", "127.0.0.1:0", "--initial", "6", "--per-minute", "6"], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const stop = async () => {
    child.kill("SIGINT");
    assert.equal(await ended, 0, "the demo did not end well");
  };
  const found = { stop };
  for await (const line of createInterface({ input: child.stdout })) {
    found.page ??= line.match(/http:\S+\/#key=\S+/)?.[0];
    found.hotline ??= line.match(/hotline-12345\s+(http:\S+)\/sim\/summary/)?.[1];
    if (line.includes("Ctrl-C")) break;
  }
  assert.ok(found.page && found.hotline, "the demo did not say where it is");
  // Leaving the loop closed the reader, not the pipe: what it tells further is let through.
  child.stdout.resume();
  return found;
}

async function search(typed) {
  await page.locator("#find-name").fill(typed);
  await page.locator("#find button").click();
}

const problem = (status, detail) =>
  ({ status, contentType: "application/problem+json", body: JSON.stringify({ status, detail, title: "测试", title_en: "A test" }) });

/** The browser complains of every answer that is none: of this one it may. */
const expected = (status) => complaints.splice(0, complaints.length, ...complaints.filter((said) => !said.includes(String(status))));

const ask = (path) => fetch(new URL(path, hub.page), { headers: { Authorization: `Bearer ${new URL(hub.page).hash.slice("#key=".length)}` } });

async function post(url, body) {
  const answer = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  assert.ok(answer.ok, `${url}: ${answer.status}`);
}

async function until(holds, what) {
  const end = Date.now() + PATIENCE_MS;
  while (!(await holds())) {
    assert.ok(Date.now() < end, `waited in vain for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
