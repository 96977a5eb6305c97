/** Charts on the page, in a real browser: what is zoomed into, what is taken away, and what the browser tells. */
import type { Page } from "playwright-core";
import t from "tap";
import type { Store } from "../../core/mod.ts";
import { memoryStore } from "../../plugins/stores/memory/memory.ts";
import { listen } from "../../server/http/listen.ts";
import { browse, launch, skip, until } from "./browser.ts";
import { result } from "./http-fixtures.ts";
import { hosted, jobOf, RATES, SWEEP, training } from "./sweep-fixtures.ts";

t.setTimeout(200_000);

const STEPS = 5000;
/** Milliseconds from step to step. */
const PACE = 100;
const start = Date.UTC(2026, 0, 1);

/** A run that has ended, with more points than a chart asks for, and a spike of one step. */
async function long(store: Store, seed: number): Promise<string> {
  const writer = await store.create("long");
  await writer.write("scenario.yaml", `name: long\nseed: ${seed}\napplication: { use: generate }\n`);
  await writer.write("environment.json", "{}");
  const run = writer.id;
  const engine = { name: "wasm", version: "4", device: "cpu", reason: "" };
  const time = (step: number): string => new Date(start + PACE * step).toISOString();
  const started = { run, scenario: "long", application: "generate", seed, engine, location: "" };
  await writer.append({ seq: 1, time: time(0), type: "started", ...started });
  for (let step = 1; step <= STEPS; step++) {
    const values = { loss: step === 3333 ? 9 : 1 + seed };
    await writer.append({
      seq: step + 1,
      time: time(step),
      ...{ type: "progress", stage: "train", step, steps: STEPS, values },
    });
  }
  await writer.write("result.json", JSON.stringify({ ...result, run, scenario: "long" }));
  await writer.append({ seq: STEPS + 2, time: time(STEPS), type: "metrics", values: { coverage: 0.9 } });
  await writer.append({ seq: STEPS + 3, time: time(STEPS), type: "ended", status: "passed", seconds: 500 });
  await writer.close();
  return run;
}

/** Steps that the first chart has. */
const points = async (page: Page): Promise<number> =>
  Number(await page.locator("dsgan-chart").first().getAttribute("data-points"));

t.test("charts in Chromium", { skip }, async (t) => {
  const browser = await launch();
  t.teardown(() => browser.close());
  const store = memoryStore();
  const runs = [await long(store, 0), await long(store, 1)];
  const server = await listen(store, { port: 0 });
  t.teardown(() => server.close());

  await t.test("what is zoomed into comes in full: over time, and as a mean over seeds", async (t) => {
    const { page, faults } = await browse(browser, `${server.url}/#/runs/${runs[0]}?axis=time`);
    const arrived = async (range: (n: number) => boolean): Promise<void> =>
      await until(async () => range(await points(page)));
    await arrived((n) => n > 500 && n < STEPS);
    await page.goto(`${server.url}/#/runs/${runs[0]}?axis=time&x=330~337`);
    await arrived((n) => n >= 70 && n <= 140);
    await page.goto(`${server.url}/#/runs/${runs[0]}?axis=time`);
    await arrived((n) => n > 500);

    const compared = `${server.url}/#/compare?with=${runs}&mean=1`;
    await page.goto(compared);
    await arrived((n) => n > 200 && n <= 400);
    await page.goto(`${compared}&x=3300~3370`);
    await arrived((n) => n >= 71 && n <= 73);
    t.same(faults, []);
    await page.close();
  });

  await t.test("a picture that is taken away says which line is which", async (t) => {
    const { page, faults } = await browse(browser, `${server.url}/#/compare?with=${runs}`);
    await page.locator("dsgan-chart canvas").first().waitFor();
    const picture = await page.evaluate(async () => {
      const chart = document.querySelector("dsgan-chart") as HTMLElement & { png(): Promise<Blob> };
      const { height } = chart.querySelector("canvas")!;
      const image = await createImageBitmap(await chart.png());
      const copy = document.createElement("canvas");
      [copy.width, copy.height] = [image.width, image.height];
      const pen = copy.getContext("2d")!;
      pen.drawImage(image, 0, 0);
      const below = new Uint32Array(
        pen.getImageData(0, height, image.width, image.height - height).data.buffer,
      );
      return { more: image.height - height, colors: new Set(below).size };
    });
    t.ok(picture.more >= 20, `${picture.more} pixels below the chart`);
    t.ok(picture.colors > 3, "with lines and letters");
    t.same(faults, []);
    await page.close();
  });

  await t.test("events are rows, a hundred at a time, and nothing of one lies upon another", async (t) => {
    const { page, faults } = await browse(browser, `${server.url}/#/runs/${runs[0]}?tab=events`);
    const rows = page.locator("table.events tbody tr");
    const metrics = page.locator('tr[data-type="metrics"]');
    await metrics.waitFor();
    t.equal(await metrics.evaluate((row) => getComputedStyle(row).display), "table-row");
    t.equal(await rows.count(), 100);
    for (const shown of [200, 300, 400, 500, 600]) {
      await page.getByRole("button", { name: "Older events" }).click();
      await until(async () => (await rows.count()) === shown); // the last hundred comes from the server
    }
    await page.setViewportSize({ width: 360, height: 740 });
    const apart = await metrics.evaluate((row) => {
      const boxes = [...row.children].map((cell) => cell.getBoundingClientRect());
      return boxes
        .slice(1)
        .every(({ left, top }, i) => left >= boxes[i]!.right - 1 || top >= boxes[i]!.bottom - 1);
    });
    t.ok(apart, "nr., time and type stand side by side on a phone");
    t.same(faults, []);
    await page.close();
  });

  await t.test("the browser tells of the end of a sweep", async (t) => {
    const page = await browser.newPage();
    await page.addInitScript(() => {
      const told: string[] = [];
      class Told {
        static permission = "granted";
        constructor(title: string, { body }: { body: string }) {
          told.push(`${title}: ${body}`);
        }
      }
      Object.assign(window, { Notification: Told, told });
      localStorage.setItem("dsgan-notify", "1");
    });
    const [rate] = RATES as [number];
    const sweep = await hosted(store);
    await sweep.put(rate, 0);
    const run = await training(store, rate, 0);
    await page.goto(server.url);
    await page.locator(`a[data-run="${jobOf(rate, 0).run}"]`).waitFor();
    const listed = page.waitForResponse((answer) => answer.url().endsWith("/api/sweeps"), {
      timeout: 60_000,
    });
    await listed;
    await run.end(0.7);
    await sweep.end(rate, 0, 0.7);
    const ended = { ...result, run: SWEEP, scenario: "demo" };
    await sweep.writer.write("result.json", JSON.stringify(ended));
    await sweep.tell({ type: "ended", status: "passed", seconds: 3 });
    await sweep.writer.close();
    const told = (): Promise<string[]> => page.evaluate(() => (window as unknown as { told: string[] }).told);
    await until(async () => (await told()).some((text) => text.startsWith("sweep demo passed")));
    t.ok(
      (await told()).some((text) => text.startsWith("demo")),
      "and of its run",
    );
    await page.close();
  });
});
