/** No view of the page keeps anybody out: axe finds nothing in Chromium, wide, on a phone, and in the dark. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import t from "tap";
import { memoryStore } from "../../plugins/stores/memory/memory.ts";
import { listen } from "../../server/http/listen.ts";
import { browse, launch, skip } from "./browser.ts";
import { fakeRunner } from "./http-fixtures.ts";
import { hosted, jobOf, RATES, SWEEP, training } from "./sweep-fixtures.ts";

t.setTimeout(300_000);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const [low, middle] = RATES as [number, number];

/** A sweep with runs that have ended, failed, and are being made. */
async function shelf() {
  const store = memoryStore();
  const sweep = await hosted(store);
  for (const seed of [0, 1]) {
    await sweep.put(low, seed);
    const run = await training(store, low, seed);
    await run.steps(1, 40);
    await run.end(0.5 + seed / 10);
    await sweep.end(low, seed, 0.5 + seed / 10);
  }
  await sweep.put(middle, 0);
  const going = await training(store, middle, 0);
  await going.steps(1, 30);
  const picture = {
    type: "artifact",
    path: "artifacts/previews/step-0000030.png",
    title: "At step 30",
  } as const;
  await going.writer.write(picture.path, Buffer.from("not read"));
  await going.tell({ ...picture, bytes: 8, sha256: "" });
  await going.tell({ type: "warning", message: "the critic has collapsed" });
  const bad = await training(store, middle, 1);
  const error = {
    kind: "run",
    message: "the loss is NaN",
    problems: [{ path: "application", message: "x", line: 3 }],
  };
  const result = {
    run: bad.writer.id,
    scenario: "demo",
    status: "failed",
    metrics: {},
    expectations: [],
    seconds: 1,
  };
  await bad.writer.write("result.json", JSON.stringify({ ...result, error }));
  await bad.tell({ type: "ended", status: "failed", seconds: 1, error: error.message });
  await bad.writer.close();
  return store;
}

const [ended, second, live, failed] = [
  [low, 0],
  [low, 1],
  [middle, 0],
  [middle, 1],
].map(([rate, seed]) => jobOf(rate!, seed!).run);

/** Addresses, and what is there once a view is whole. */
const VIEWS = [
  ["#/", ".runs tbody tr"],
  [`#/runs/${ended}`, "dsgan-chart canvas"],
  [`#/runs/${live}`, "dsgan-chart canvas"],
  [`#/runs/${live}?tab=events`, "table.events"],
  [`#/runs/${failed}`, ".note"],
  [`#/compare?with=${ended},${second}`, "dsgan-chart canvas"],
  ["#/sweeps", `a[data-sweep="${SWEEP}"]`],
  [`#/sweeps/${SWEEP}`, "dsgan-chart canvas"],
  ["#/workers", "table"],
  ["#/nowhere", "h1"],
] as const;

const LOOKS = [
  ["wide", {}],
  ["a phone", { viewport: { width: 360, height: 740 } }],
  ["dark", { colorScheme: "dark" }],
] as const;

t.test("axe in Chromium", { skip }, async (t) => {
  const browser = await launch();
  t.teardown(() => browser.close());
  const server = await listen(await shelf(), { port: 0, runner: fakeRunner({ jobs: () => [] }), edit: true });
  t.teardown(() => server.close());
  for (const [look, options] of LOOKS) {
    const { page, faults } = await browse(browser, `${server.url}/#/`, options);
    await page.evaluate(axe);
    for (const [address, whole] of VIEWS) {
      await page.goto(`${server.url}/#/nowhere`); // so that nothing of the view before is taken for this one
      await page.getByText("There is nothing here").waitFor();
      await page.goto(`${server.url}/${address}`);
      await page.locator(whole).first().waitFor();
      await page.locator("h1").first().waitFor({ state: "attached" });
      const found = await page.evaluate(async () => {
        const { axe } = window as unknown as { axe: { run(): Promise<AxeResults> } };
        const { violations, passes } = await axe.run();
        return {
          checked: passes.length,
          wrong: violations.flatMap(({ id, nodes }) =>
            nodes.map((node) => `${id}: ${node.html.slice(0, 200)}`),
          ),
        };
      });
      t.ok(found.checked > 5, `${look}: ${address} was looked at`);
      t.strictSame(found.wrong, [], `${look}: ${address}`);
    }
    t.same(faults, []);
    await page.close();
  }
});
