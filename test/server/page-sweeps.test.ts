/** Sweeps and workers on the page, in a real browser, while they run. */
import t from "tap";
import type { Store } from "../../core/mod.ts";
import { folderStore } from "../../plugins/stores/folder/folder.ts";
import { listen } from "../../server/http/listen.ts";
import type { Runner } from "../../server/http/mod.ts";
import { browse, launch, skip, until } from "./browser.ts";
import { hosted, jobOf, RATES, SWEEP, training } from "./sweep-fixtures.ts";

t.setTimeout(200_000);
const [low, middle, high] = RATES as [number, number, number];

t.test("sweeps on the page", { skip }, async (t) => {
  const browser = await launch();
  t.teardown(() => browser.close());
  const asked: string[] = [];
  const runner: Runner = {
    start: async () => ({ ticket: "t", state: "running", title: "", ahead: 0 }),
    resume: async () => ({ ticket: "t", state: "running", title: "", ahead: 0 }),
    cancel: (run) => asked.push(run) > 0,
    jobs: () => [],
  };
  const serve = (store: Store) => listen(store, { port: 0, runner });

  await t.test("a sweep from its first job to its last, without a reload", async (t) => {
    const store = folderStore({ folder: t.testdir() });
    const server = await serve(store);
    t.teardown(() => server.close());
    const { page, faults } = await browse(browser, `${server.url}/#/sweeps`);
    await page.getByText("There is no sweep here yet").waitFor();

    const sweep = await hosted(store);
    await sweep.put(low, 0);
    await sweep.put(low, 1);
    await page.locator(`a[data-sweep="${SWEEP}"]`).click();
    await page.locator("h1", { hasText: "demo" }).waitFor();
    await page.getByText("Which rate?").waitFor();
    await page.locator("table.trials .state.waiting").waitFor();
    const first = await training(store, low, 0);
    await first.steps(1, 100);
    await first.end(0.5);
    await sweep.end(low, 0, 0.5);
    await page.getByText("1 of 6", { exact: true }).waitFor();
    const row = page.locator("table.trials tbody tr").first();
    await until(async () => /0 ✓/.test(await row.innerText()));
    await page.locator("dsgan-chart canvas").first().waitFor();

    const second = await training(store, low, 1);
    await second.steps(1, 50);
    await until(async () => /1 50 %/.test(await row.innerText()));
    await page.goto(`${server.url}/#/workers`);
    await page.locator("table.cards li", { hasText: jobOf(low, 1).run }).waitFor();
    t.match(await page.locator("table.cards").innerText(), /1 run.*50 %.*onnxruntime.*a processor/s);
    await page.goBack();

    await second.steps(51, 100);
    await second.end(0.7);
    await sweep.end(low, 1, 0.7);
    await until(async () => /0\.6 ± 0\.14/.test(await row.innerText()));
    for (const [rate, values] of [
      [middle, [0.9, 0.92]],
      [high, [0.1, 0.3]],
    ] as const) {
      for (const [seed, coverage] of values.entries()) {
        await sweep.put(rate, seed);
        const run = await training(store, rate, seed);
        await run.steps(1, 100);
        await run.end(coverage);
        await sweep.end(rate, seed, coverage);
      }
    }
    await page.getByText("6 of 6", { exact: true }).waitFor();
    await until(async () => (await page.locator("table.trials tbody tr").count()) === 3);
    t.match(await row.innerText(), /0\.01.*0\.91/s, "the best comes first");
    t.match(await page.locator(".best").innerText(), /coverage 0\.91 with learningRate 0\.01/);
    t.equal(await page.locator("svg.settings circle").count(), 3, "a point for each setting");
    await until(async () => (await page.locator("dsgan-chart").count()) === 2);
    const legend = page.locator("dsgan-chart .u-legend").first();
    await until(async () => /learningRate 0\.01:?\s*1\.5/.test(await legend.innerText())); // its curves come one by one
    t.equal(
      await page.locator("dsgan-chart .u-series:not(.raw)").count(),
      2 * 4,
      "steps, and three trials in each",
    );

    await page.getByRole("button", { name: "outside" }).click();
    await page.waitForURL(/sort=m%3Aoutside/);
    await page.getByRole("button", { name: "learningRate" }).click();
    await until(async () => /0\.001/.test(await row.innerText()));
    await row.getByRole("checkbox").uncheck();
    await page.waitForURL(/draw=/);
    await until(async () => (await page.locator("dsgan-chart .u-series:not(.raw)").count()) === 2 * 3);
    await page.locator("a.seed").first().click();
    await page.waitForURL(/#\/runs\/demo-rate/);
    await sweep.tell({ type: "ended", status: "passed", seconds: 1 });
    await sweep.writer.close();
    await page.goto(`${server.url}/#/sweeps/${SWEEP}`);
    await until(async () => /^Best: coverage/.test(await page.locator(".best").innerText()));
    t.match(await page.locator("main").innerText(), /took .*Trials\s+3, means over seeds/s);
    t.same(faults, []);
    await page.close();
  });

  await t.test("is cancelled from the page, and fits a phone", async (t) => {
    const store = folderStore({ folder: t.testdir() });
    const server = await serve(store);
    t.teardown(() => server.close());
    const sweep = await hosted(store);
    await sweep.put(low, 0);
    const run = await training(store, low, 0);
    await run.steps(1, 100);
    await run.end(0.5);
    await sweep.end(low, 0, 0.5);
    await sweep.put(high, 0);
    await sweep.end(high, 0, 0.7);
    const phone = { viewport: { width: 360, height: 740 } };
    const { page, faults } = await browse(browser, `${server.url}/#/sweeps/${SWEEP}`, phone);
    await page.getByRole("button", { name: "Cancel the sweep" }).click();
    await until(async () => asked.includes(SWEEP));
    await sweep.tell({ type: "ended", status: "cancelled", seconds: 1 });
    await sweep.writer.write(
      "result.json",
      JSON.stringify({
        run: SWEEP,
        scenario: "demo",
        status: "cancelled",
        metrics: {},
        expectations: [],
        seconds: 1,
      }),
    );
    await sweep.writer.close();
    await page.locator(".badge.cancelled").waitFor();
    for (const address of [`#/sweeps/${SWEEP}`, "#/sweeps", "#/workers"]) {
      await page.goto(`${server.url}/${address}`);
      await page.locator("main .panel").first().waitFor();
      const tooWide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      t.ok(tooWide <= 0, `${address} is ${tooWide} px wider than a phone`);
    }
    await page.goto(`${server.url}/#/sweeps/${SWEEP}`);
    const chart = page.locator("svg.settings");
    await chart.waitFor();
    const box = (await chart.boundingBox())!;
    t.ok(box.width > 250 && box.x + box.width <= 360, "the settings are seen whole, without scrolling");
    await page.goto(`${server.url}/#/sweeps/nothing`);
    await page.getByText("nothing", { exact: true }).first().waitFor();
    t.same(faults, []);
    await page.close();
  });

  await t.test("an address that names nothing says so", async (t) => {
    const server = await serve(folderStore({ folder: t.testdir() }));
    t.teardown(() => server.close());
    for (const address of ["#/runs/%E0%A4%A", "#/nonsense", "#/sweeps/%", "#/runs/a/b"]) {
      const { page, faults } = await browse(browser, `${server.url}/${address}`);
      await page.getByText("There is nothing here").waitFor();
      await page.getByRole("link", { name: "All runs" }).click();
      await page.getByText("There is no run yet").waitFor();
      t.same(faults, []);
      await page.close();
    }
  });
});
