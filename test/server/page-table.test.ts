/** The table of runs, notes, comparing, pictures and evaluations on the page, in a real browser. */
import { readFileSync } from "node:fs";
import t from "tap";
import type { Store } from "../../core/mod.ts";
import { folderStore } from "../../plugins/stores/folder/folder.ts";
import { listen } from "../../server/http/listen.ts";
import type { Runner } from "../../server/http/mod.ts";
import { browse, launch, skip, until } from "./browser.ts";
import { jobOf, training } from "./sweep-fixtures.ts";

t.setTimeout(300_000);

/** Runs of two rates and two seeds. */
async function four(store: Store) {
  for (const rate of [0.001, 0.01]) {
    for (const seed of [0, 1]) {
      const run = await training(store, rate, seed);
      await run.steps(1, 60);
      await run.end(50 * rate + 0.1 * seed);
    }
  }
}
const first = jobOf(0.001, 0).run;
const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mP8/x8AAwMCAO+ip1sAAAAASUVORK5CYII=",
  "base64",
);

t.test("many runs on the page", { skip }, async (t) => {
  const browser = await launch();
  t.teardown(() => browser.close());
  const orders: string[] = [];
  const job = { ticket: "t", state: "queued", title: "", ahead: 3 } as const;
  const runner: Runner = {
    start: async ({ text }) => {
      orders.push(text);
      return job;
    },
    resume: async () => job,
    cancel: () => true,
    jobs: () => [],
  };
  const served = async (t: { teardown(end: () => unknown): void }, store: Store) => {
    const server = await listen(store, { port: 0, runner, edit: true });
    t.teardown(() => server.close());
    return server.url;
  };

  await t.test("are a short list on a phone, and what runs came to stands on a few lines each", async (t) => {
    const store = folderStore({ folder: t.testdir() });
    for (let i = 0; i < 60; i++) {
      const writer = await store.create("demo", { id: `demo-${i}` });
      await writer.write(
        "scenario.yaml",
        `name: demo\ntags: [smoke, plane]\nseed: ${i}\napplication: { k: ${i} }\nexpect: { outside: { atLeast: 0 }, within: { atLeast: 0 }, coverage: { atLeast: 0 } }\n`,
      );
      const metrics = { outside: 0.8, within: 0.75, coverage: 0.9 };
      const result = {
        run: writer.id,
        scenario: "demo",
        status: "passed",
        metrics,
        expectations: [],
        seconds: 1,
      };
      await writer.write("result.json", JSON.stringify(result));
      await writer.close();
    }
    const phone = { viewport: { width: 390, height: 844 } };
    const { page, faults } = await browse(browser, await served(t, store), phone);
    await page.getByText("60 runs", { exact: true }).waitFor();
    await page.locator('td[data-label="coverage"]').last().waitFor();
    const height = await page.evaluate(() => document.documentElement.scrollHeight);
    t.ok(height < 4 * 844, `it takes ${height} px`);
    await page.getByRole("button", { name: "Show all 60" }).click();
    await until(async () => (await page.locator("table.wide tbody tr").count()) === 60);
    t.same(faults, []);
    await page.close();
  });

  await t.test("are searched while typing, sorted and put together, and the address says so", async (t) => {
    const store = folderStore({ folder: t.testdir() });
    await four(store);
    const { page, faults } = await browse(browser, await served(t, store));
    const rows = page.locator("table.wide tbody tr");
    const shows = (n: number) => until(async () => (await rows.count()) === n);
    await shows(4);
    await until(async () => /rate/.test(await page.locator("thead").innerText()));
    t.match(await page.locator("thead").innerText(), /status.*seed.*rate.*coverage.*began/s);
    await page.getByRole("button", { name: "coverage" }).click();
    await until(async () => /0\.05/.test(await rows.first().innerText()));
    await page.getByRole("button", { name: "coverage" }).click();
    await until(async () => /0\.6/.test(await rows.first().innerText()));
    t.match(page.url(), /sort=-m%3Acoverage/);
    await page.getByLabel("Search runs").pressSequentially("RATE=0.01 seed=1", { delay: 5 });
    await shows(1);
    await page.reload();
    await shows(1);
    t.equal(await page.getByLabel("Search runs").inputValue(), "RATE=0.01 seed=1");
    await page.getByLabel("Search runs").fill("nowhere");
    await page.getByText("No run is like that").waitFor();
    await page.getByRole("button", { name: "Show all" }).click();
    await page.getByLabel("Group by").selectOption("scenario");
    await shows(3);
    t.match(await rows.nth(0).innerText(), /demo.*4 runs, 2 settings/s);
    t.match(await rows.nth(1).innerText(), /2 runs.*0, 1.*0\.55 ± 0\.071/s);
    await page.getByRole("button", { name: "2 runs" }).first().click();
    await shows(5);
    await page.getByText("Columns").click();
    await page.getByLabel("outside").uncheck();
    await page.waitForURL(/cols=/);
    t.same(faults, []);
    await page.close();
  });

  await t.test("are named, tagged, put away and removed", async (t) => {
    const store = folderStore({ folder: t.testdir() });
    await four(store);
    const { page, faults } = await browse(browser, await served(t, store));
    const rows = page.locator("table.wide tbody tr");
    const shows = (n: number) => until(async () => (await rows.count()) === n);
    await shows(4);
    const choose = async (...runs: string[]) => {
      for (const run of runs) await page.getByLabel(`, ${run}`).check();
    };
    await choose(first, jobOf(0.001, 1).run);
    t.match(page.url(), /with=/);
    await page.getByRole("button", { name: "Tag…" }).click();
    await page.getByLabel("Tags to add").fill("low, keep");
    await page.getByRole("button", { name: "Tag", exact: true }).click();
    await until(async () => (await page.locator(".tag.own", { hasText: "keep" }).count()) === 2);
    await page.getByRole("button", { name: "Put away" }).click();
    await shows(2);
    await page.getByLabel("2 put away").check();
    await shows(4);
    await page.locator(`a[data-run="${first}"]`).click();
    await page.getByRole("button", { name: "Note…" }).click();
    await page.getByLabel("Name").fill("the low one");
    await page.getByLabel("Note", { exact: true }).fill("look again");
    await page.getByRole("button", { name: "Keep" }).click();
    await page.locator("h1", { hasText: "the low one" }).waitFor();
    await page.getByText("look again").waitFor();
    t.same(JSON.parse(new TextDecoder().decode(await (await store.open(first)).read("notes.json"))), {
      ...{ name: "the low one", note: "look again", tags: ["low", "keep"], archived: true },
    });
    await page.getByLabel("All runs").click();
    await choose(jobOf(0.01, 0).run);
    await page.getByRole("button", { name: "Remove…" }).click();
    await page.getByText("This cannot be undone").waitFor();
    await page.getByRole("button", { name: "Remove", exact: true }).click();
    await shows(3);
    t.notOk((await store.list()).includes(jobOf(0.01, 0).run));
    t.same(faults, []);
    await page.close();
  });

  await t.test("are compared by what differs, with bands over seeds, and taken away as CSV", async (t) => {
    const store = folderStore({ folder: t.testdir() });
    await four(store);
    const ids = [0.001, 0.01].flatMap((rate) => [0, 1].map((seed) => jobOf(rate, seed).run));
    const url = `${await served(t, store)}/#/compare?with=${ids.join(",")}`;
    const { page, faults } = await browse(browser, url);
    const legend = page.locator("dsgan-chart .u-legend").first();
    await legend.getByText("rate 0.01, seed 1", { exact: true }).waitFor();
    t.equal(await page.locator("dsgan-chart").count(), 2, "a chart for each number");
    t.match(await page.locator("table.wide").innerText(), /rate.*seed.*coverage.*outside/s);
    await page.getByLabel("mean over seeds").check();
    await legend.getByText("rate 0.01 (2)", { exact: true }).waitFor();
    t.equal(await page.locator("table.wide tbody tr").count(), 2);
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "CSV" }).click(),
    ]);
    const lines = readFileSync(await download.path(), "utf8")
      .trim()
      .split("\n");
    t.equal(lines[0], "run,scenario,status,seed,application.rate,coverage,outside");
    t.equal(lines.length, 5);
    const [picture] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "PNG" }).first().click(),
    ]);
    t.match(
      readFileSync(await picture.path())
        .subarray(1, 4)
        .toString(),
      "PNG",
    );
    t.same(faults, []);
    await page.close();
  });

  await t.test("one is cloned, searched on the server, drawn over time, its pictures enlarged", async (t) => {
    const store = folderStore({ folder: t.testdir() });
    const run = await training(store, 0.001, 0);
    await run.steps(1, 1000);
    for (const step of [100, 200]) {
      const path = `artifacts/previews/step-0000${step}.png`;
      await run.writer.write(path, PNG);
      await run.tell({ type: "artifact", path, title: `At step ${step}`, bytes: PNG.length, sha256: "" });
    }
    await run.end(0.5);
    const { page, faults } = await browse(browser, `${await served(t, store)}/#/runs/${first}`);
    await page.locator("dsgan-chart canvas").first().waitFor();
    t.equal(await page.locator("dsgan-chart").count(), 2, "a chart for each number");
    t.match(
      await page.locator("dsgan-chart .u-legend").first().innerText(),
      /criticLoss:?\s*1$/,
      "the last value",
    );
    await page.locator("label", { hasText: "over" }).locator("select").selectOption("time");
    await page.waitForURL(/axis=time/);
    await until(async () => /seconds/.test(await page.locator("dsgan-chart .u-legend").first().innerText()));
    await page.getByRole("button", { name: "Enlarge: At step 200" }).click();
    await page.locator("dialog.lightbox img").waitFor();
    await page.keyboard.press("ArrowLeft");
    await page.locator("dialog.lightbox output", { hasText: "At step 100" }).waitFor();
    await page.keyboard.press("Escape");
    await page.locator("dialog.lightbox").waitFor({ state: "detached" });

    await page.locator("#tab-events").click();
    await page.getByLabel("Find in events").fill('"step":7,');
    await until(async () => (await page.locator("table.events tbody tr").count()) === 1);
    t.match(
      await page.locator("table.events tbody tr").innerText(),
      /7 of 100/,
      "it is not among the latest 500",
    );

    await page.getByRole("button", { name: "Clone…" }).click();
    const text = page.getByRole("dialog").getByLabel("Scenario");
    await until(async () => /rate: 0\.001/.test(await text.inputValue()));
    await text.fill((await text.inputValue()).replace("0.001", "0.5"));
    await page.getByRole("button", { name: "Start", exact: true }).click();
    await until(async () => orders.some((order) => /rate: 0\.5/.test(order)));
    await page.getByText("Waits for its turn, after 3 others").waitFor();
    t.same(faults, []);
    await page.close();
  });

  await t.test("an evaluation shows accuracy over epsilon first, and few numbers as values", async (t) => {
    const store = folderStore({ folder: t.testdir() });
    const run = await training(store, 0.001, 0);
    for (const stage of Array.from({ length: 20 }, (_, i) => `short: attack ${i}`)) {
      await run.tell({ type: "stage", stage, steps: 2 });
      await run.tell({ type: "progress", stage, step: 1, steps: 2, values: { fooled: 0.25 } });
    }
    const csv = [
      "classifier,attack,norm,epsilon,accuracy,low,high,n",
      ...["short", "long"].flatMap((name) =>
        [0, 0.1, 0.2].map((epsilon) => `${name},fgsm-linf,linf,${epsilon},${0.9 - epsilon},0.1,1,100`),
      ),
    ].join("\n");
    const files = { "curves.csv": csv, "summary.md": "# Told\n\nIn <b>short</b>.\n" };
    for (const [name, text] of Object.entries(files)) {
      await run.writer.write(`artifacts/${name}`, text);
      await run.tell({ type: "artifact", path: `artifacts/${name}`, title: name, bytes: 1, sha256: "" });
    }
    const wordy = "noisyInputs.averagePrecisionOverRings";
    await run.tell({ type: "metrics", values: { [wordy]: 0.8778 } });
    await run.end(0.5);
    const { page, faults } = await browse(browser, `${await served(t, store)}/#/runs/${first}`);
    await page.locator(".evaluation dsgan-chart canvas").waitFor();
    t.match(await page.locator(".evaluation table.values").innerText(), /short\s+90\.0\s+70\.0/);
    await page.locator(".words h3", { hasText: "Told" }).waitFor();
    await page.getByText("In <b>short</b>.").waitFor();
    t.equal(await page.locator("dsgan-chart").count(), 1, "no chart for a number that was told once");
    await page.getByText("20 stages that told their numbers").click();
    await page.locator("table.values", { hasText: "attack 19" }).waitFor();
    const name = page.locator(".metrics dt", { hasText: wordy });
    await name.evaluate((e) => {
      (e as HTMLElement).style.width = "8.5rem"; // less than the name, more than any of its words
    });
    const words = await name.evaluate((e) =>
      [...e.childNodes].flatMap((node) => {
        const range = document.createRange();
        range.selectNodeContents(node);
        return node.nodeType === Node.TEXT_NODE ? [[node.textContent, range.getClientRects().length]] : [];
      }),
    );
    t.same(
      words.filter(([text, lines]) => text !== "" && lines !== 1),
      [],
      "names break between their words",
    );
    const panels = await page.locator("main h2").allInnerTexts();
    t.match(panels[0], "Accuracy under attack");
    await page.setViewportSize({ width: 360, height: 740 });
    const cut = await page
      .locator("table.cards, table.cards td")
      .evaluateAll((parts) => parts.filter((part) => part.getBoundingClientRect().right > innerWidth).length);
    t.equal(cut, 0, "on a phone no table is cut");
    const caption = await page
      .locator(".evaluation caption")
      .evaluate((e) => e.getBoundingClientRect().height);
    t.ok(caption < 60, `a table's caption is as wide as the table, and not ${caption} px tall`);
    t.same(faults, []);
    await page.close();
  });
});
