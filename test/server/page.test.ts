/** The page in a real browser, from an empty folder of runs to live curves and a server that is started anew. */
import type { Page } from "playwright-core";
import t from "tap";
import type { EventBody, RunWriter, Store } from "../../core/mod.ts";
import { folderStore } from "../../plugins/stores/folder/folder.ts";
import { type Listening, listen } from "../../server/http/listen.ts";
import type { Runner } from "../../server/http/mod.ts";
import { browse, launch, skip, until } from "./browser.ts";
import { result } from "./http-fixtures.ts";

t.setTimeout(200_000);

/** One white pixel. */
const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mP8/x8AAwMCAO+ip1sAAAAASUVORK5CYII=",
  "base64",
);

/** Writes a run as a training would. */
function tellerOf(writer: RunWriter): {
  tell(body: EventBody): Promise<void>;
  steps(from: number, to: number): Promise<void>;
  picture(name: string, title: string): Promise<void>;
} {
  let seq = 0;
  const tell = async (body: EventBody): Promise<void> => {
    seq++;
    await writer.append({ seq, time: new Date().toISOString(), ...body });
  };
  return {
    tell,
    async steps(from, to) {
      for (let step = from; step <= to; step++) {
        const values = { criticLoss: Math.sin(step / 20) + 2, generatorLoss: 3 / step };
        await tell({ type: "progress", stage: "train", step, steps: 1000, values });
      }
    },
    async picture(name, title) {
      await writer.write(`artifacts/${name}`, PNG);
      await tell({ type: "artifact", path: `artifacts/${name}`, title, bytes: PNG.length, sha256: "" });
    },
  };
}

async function begin(store: Store, scenario: string) {
  const writer = await store.create(scenario);
  const teller = tellerOf(writer);
  await writer.write("scenario.yaml", `name: ${scenario}\ntags: [<b>bold</b>]\n`);
  await writer.write("environment.json", "{}");
  await teller.tell({
    type: "started",
    run: writer.id,
    scenario,
    application: "generate",
    seed: 3,
    engine: { name: "wasm", version: "4", device: "cpu", reason: "asked for" },
    location: "",
  });
  await teller.tell({ type: "stage", stage: "train", steps: 1000 });
  return { writer, ...teller };
}

async function finish({ writer, tell }: Awaited<ReturnType<typeof begin>>): Promise<void> {
  const expectations = [
    { metric: "coverage", expected: "at least 0.9", value: 0.95, met: true },
    { metric: "outside", expected: "at most 0.1", value: 0.5, met: false },
  ];
  await tell({ type: "metrics", values: { coverage: 0.95, outside: 0.5 } });
  for (const expectation of expectations) await tell({ type: "expectation", ...expectation });
  await writer.write("result.json", JSON.stringify({ ...result, status: "missed", expectations }));
  await tell({ type: "ended", status: "missed", seconds: 12 });
  await writer.close();
}

/** Steps that the first chart shows. */
const points = async (page: Page): Promise<number> =>
  Number(await page.locator("dsgan-chart").first().getAttribute("data-points"));
t.test("the page in Chromium", { skip }, async (t) => {
  const browser = await launch();
  t.teardown(() => browser.close());
  const asked: string[] = [];
  const job = { ticket: "t", state: "running", title: "", ahead: 0 } as const;
  const runner: Runner = {
    start: async ({ text, overrides }) => {
      asked.push(`${text} ${JSON.stringify(overrides)}`);
      return job;
    },
    resume: async (run) => {
      asked.push(`resume ${run}`);
      return job;
    },
    cancel: (run) => {
      asked.push(`cancel ${run}`);
      return true;
    },
    jobs: () => [],
  };
  const scenarios = () => [
    { name: "smoke/ring", description: "", text: "name: ring", file: "f", base: "file:///f" },
  ];
  const serve = (store: Store, port = 0): Promise<Listening> => listen(store, { port, runner, scenarios });

  await t.test("goes from an empty list to a live curve, through a restart, to green and red", async (t) => {
    const store = folderStore({ folder: t.testdir() });
    let server = await serve(store);
    t.teardown(() => server.close());
    const { page, faults } = await browse(browser, server.url);
    await page.getByText("There is no run yet").waitFor();

    const run = await begin(store, "demo");
    await run.steps(1, 50);
    await page.locator(`a[data-run="${run.writer.id}"]`).click();
    await page.locator("dsgan-chart canvas").first().waitFor();
    await until(async () => (await points(page)) === 50);
    t.match(await page.locator(".going").innerText(), /train 50 of 1000/);
    t.match(page.url(), run.writer.id, "the address says what is shown");
    t.equal(await page.locator(".badge").first().innerText(), "running");

    await run.steps(51, 80);
    await until(async () => (await points(page)) === 80);
    await run.picture("previews/step-0000080.png", "At step 80");
    await page.getByText("At step 80").waitFor();

    const port = Number(new URL(server.url).port);
    await server.close();
    await page.getByText(/connection lost/).waitFor();
    await run.steps(81, 120);
    server = await serve(store, port);
    await until(async () => (await points(page)) === 120);
    await page.getByText(/connection lost/).waitFor({ state: "detached" });
    await run.steps(121, 130);
    await until(async () => (await points(page)) === 130);

    await run.picture("previews/step-0000130.png", "At step 130");
    await page.getByText("At step 130").waitFor();
    await page.getByLabel("Earlier").click();
    await page.getByText("At step 80").waitFor();
    t.match(page.url(), /frame=step-0000080/);

    await finish(run);
    await page.locator(".badge.missed").first().waitFor();
    t.match(await page.locator(".expectations .met").innerText(), /coverage\s+0\.95\s+at least 0\.9/);
    t.match(await page.locator(".expectations .unmet").innerText(), /outside\s+0\.5\s+missed: at most 0\.1/);
    t.equal(await page.locator(".going").count(), 0);
    t.same(faults, []);
    await page.close();
  });

  await t.test("keeps zoom, smoothing, axis and tab in the address, and works by keyboard", async (t) => {
    const store = folderStore({ folder: t.testdir() });
    const [first, second] = [await begin(store, "first"), await begin(store, "second")];
    for (const run of [first, second]) {
      await run.steps(1, 400);
      await finish(run);
    }
    const server = await serve(store);
    t.teardown(() => server.close());
    const { page, faults } = await browse(browser, server.url);
    await page.locator(`a[data-run="${second.writer.id}"]`).waitFor();
    await page.keyboard.press("j");
    await page.locator("h1", { hasText: "second" }).waitFor();
    await page.keyboard.press("j");
    await page.locator("h1", { hasText: "first" }).waitFor();
    await page.locator("dsgan-chart canvas").first().waitFor();

    const box = (await page.locator("dsgan-chart .u-over").first().boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.25, box.y + 50);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.5, box.y + 60, { steps: 5 });
    await page.mouse.up();
    await page.waitForURL(/x=\d/);
    const zoomed = new URLSearchParams(page.url().split("?")[1]).get("x")!.split("~").map(Number);
    t.ok(zoomed[0]! > 60 && zoomed[0]! < 140 && zoomed[1]! > 160 && zoomed[1]! < 240, `${zoomed}`);
    await page.getByLabel("log axis").check();
    await page.getByLabel("smooth").fill("0.5");
    await page.waitForURL(/log=1/);
    await page.waitForURL(/smooth=0.5/);
    await page.reload();
    await page.locator("dsgan-chart canvas").first().waitFor();
    t.ok(await page.getByLabel("log axis").isChecked(), "it looks the same after a reload");
    t.equal(await page.getByLabel("smooth").inputValue(), "0.5");
    await page.locator("dsgan-chart").first().press("0");
    await page.waitForURL((url) => !url.href.includes("x="));

    await page.keyboard.press("2");
    await page.waitForURL(/tab=events/);
    await page.locator("table.events tbody tr").first().waitFor();
    const rows = await page.locator("table.events tbody tr").count();
    await page.getByRole("button", { name: "progress", exact: true }).click();
    await until(async () => (await page.locator("table.events tbody tr").count()) < rows);
    t.equal(await page.locator("table.events tr[data-type=progress]").count(), 0, "a type is left out");
    await page.getByLabel("Find in events").fill("outside");
    await until(async () => (await page.locator("table.events tbody tr").count()) === 2);
    await page.keyboard.press("Escape");
    await page.locator("#tab-scenario").click();
    await page.getByText("name: first").waitFor();

    await page.getByLabel("All runs").click();
    for (const { writer } of [first, second]) await page.getByLabel(`, ${writer.id}`).check();
    await page.getByRole("link", { name: "Compare" }).click();
    const legend = page.locator("dsgan-chart .u-legend").first();
    for (const name of ["first", "second"]) await legend.getByText(name, { exact: true }).waitFor();
    t.match(page.url(), /#\/compare\?.*with=/);
    t.same(faults, []);
    await page.close();
  });

  await t.test("starts, stops and resumes runs", async (t) => {
    const store = folderStore({ folder: t.testdir() });
    const run = await begin(store, "demo");
    await run.steps(1, 5);
    const server = await serve(store);
    t.teardown(() => server.close());
    const { page, faults } = await browse(browser, `${server.url}/#/runs/${run.writer.id}`);
    await page.getByRole("button", { name: "Stop" }).click();
    await until(async () => asked.includes(`cancel ${run.writer.id}`));
    await run.writer.write("result.json", JSON.stringify({ ...result, status: "cancelled" }));
    await run.tell({ type: "ended", status: "cancelled", seconds: 1 });
    await run.writer.close();
    await page.getByRole("button", { name: "Resume" }).click();
    await until(async () => asked.includes(`resume ${run.writer.id}`));
    await page.getByRole("button", { name: "New run" }).click();
    await page.getByPlaceholder("application.steps=500").fill("application.steps=7\napplication.x=[1]");
    await page.getByRole("button", { name: "Start", exact: true }).click();
    await until(async () => asked.some((order) => order.startsWith("name: ring")));
    t.match(
      asked.at(-1),
      '[{"path":"application.steps","value":"7"},{"path":"application.x","value":"[1]"}]',
    );
    t.same(faults, []);
    await page.close();
  });

  await t.test("fits a phone, dark and light, and takes nothing it shows for markup", async (t) => {
    const store = folderStore({ folder: t.testdir() });
    const run = await begin(store, "demo");
    await run.steps(1, 50);
    await run.tell({ type: "warning", message: '<img src=x onerror="document.title=1">' });
    await run.picture("previews/step-0000050.png", "<script>document.title = 'taken'</script>");
    await finish(run);
    const server = await serve(store);
    t.teardown(() => server.close());
    for (const colorScheme of ["dark", "light"] as const) {
      const options = { viewport: { width: 360, height: 740 }, colorScheme };
      const { page, faults } = await browse(browser, server.url, options);
      const grounds = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      const brightness = grounds.match(/\d+/g)!.slice(0, 3).map(Number)[0]!;
      t.ok(colorScheme === "dark" ? brightness < 60 : brightness > 200, `${colorScheme}: ${grounds}`);
      await page.locator(`a[data-run="${run.writer.id}"]`).click();
      await page.locator("dsgan-chart canvas").first().waitFor();
      for (const tab of ["overview", "events", "files", "scenario", "environment"]) {
        await page.locator(`#tab-${tab}`).click();
        const tooWide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        t.ok(tooWide <= 0, `${tab} is ${tooWide} px wider than a phone`);
      }
      t.match(await page.title(), /demo/);
      t.equal(await page.locator("main img[src='x']").count(), 0);
      await page.getByLabel("All runs").click();
      await page.locator(`a[data-run="${run.writer.id}"]`).waitFor();
      t.same(faults, []);
      await page.close();
    }
  });
});
