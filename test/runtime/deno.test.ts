/** What must hold under Deno too: the same modules, unbuilt, run a scenario on each engine and answer HTTP. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lastValueFrom, toArray } from "rxjs";
import { assemble, contextOf, loadScenario, run, Stores } from "../../core/mod.ts";
import { builtinPlugins } from "../../plugins/mod.ts";
import { folderStore } from "../../plugins/stores/folder/folder.ts";
import { memoryStore } from "../../plugins/stores/memory/memory.ts";
import { createApp } from "../../server/http/mod.ts";
import { startTrainer } from "../../server/trainer/mod.ts";

const base = new URL("./", import.meta.url);

const scenario = (engine: string): string => `
name: deno-${engine}
engine: ${engine}
seed: 3
application:
  use: generate
  target: { use: convolution, data: ring, noise: { normal: 0.3 } }
  generator: { use: mlp, hidden: [16] }
  critic: { use: mlp, hidden: [16] }
  steps: 10
  samples: 50
  previews: 0
  measures: [{ use: geometry, n: 200 }]
expect: { outside: { between: [0, 1] } }
`;

async function runOn(engine: string) {
  const loaded = await loadScenario(scenario(engine), { base, file: "inline", plugins: builtinPlugins });
  const store = await contextOf(await assemble(builtinPlugins), base).create(Stores, { use: "memory" });
  const events = await lastValueFrom(run(loaded, { store }).pipe(toArray()));
  return { store, events };
}

for (const engine of ["onnxruntime", "wasm", "cpu"]) {
  Deno.test(`run() trains, draws and measures under Deno on ${engine}`, async () => {
    const { store, events } = await runOn(engine);
    const [first, last] = [events[0]!, events.at(-1)!];
    assert.equal(first.type === "started" && first.engine.name, engine);
    assert.equal(last.type === "ended" && last.status, "passed", JSON.stringify(last));
    const [id] = await store.list();
    const reader = await store.open(id!);
    const png = await reader.read("artifacts/samples.png");
    assert.deepEqual([...png.slice(1, 4)], [0x50, 0x4e, 0x47]);
    const answer = await createApp(store).request(`/api/runs/${id}/events?since=${events.length - 1}`);
    assert.deepEqual(await answer.json(), { events: [last], next: events.length, done: true });
  });
}

Deno.test("run() gives the same metrics twice under Deno", async () => {
  const metrics = async () =>
    (await runOn("wasm")).events.filter((e) => e.type === "metrics").map((e) => e.values);
  assert.deepEqual(await metrics(), await metrics());
});

Deno.test("the clone is importable by name, as deno.json says", async () => {
  const own = JSON.parse(await Deno.readTextFile(new URL("../../deno.json", import.meta.url)));
  const published = JSON.parse(await Deno.readTextFile(new URL("../../package.json", import.meta.url)));
  assert.deepEqual([own.name, own.version], [published.name, published.version]);
  assert.equal((await import("dsgan")).assemble, assemble);
  assert.equal((await import("dsgan/plugins")).builtinPlugins, builtinPlugins);
});

Deno.test("a trainer that is killed under Deno ends its run as failed, and is resumed to the same metrics", async () => {
  const runs = mkdtempSync(join(tmpdir(), "dsgan-deno-"));
  const store = folderStore({ folder: runs });
  const short = new URL("../fixtures/short.yaml", import.meta.url);
  const scenario = { text: readFileSync(short, "utf8"), file: "short.yaml", base: short.href };
  const whole = await startTrainer({ runs, scenario }, { store }).ended;
  const killed = startTrainer({ runs, scenario }, { store });
  let checkpoints = 0;
  killed.events.subscribe({
    next: ({ type }) => {
      if (type === "checkpoint" && ++checkpoints === 3) process.kill(killed.pid!, "SIGKILL");
    },
    error: () => {},
  });
  const { run, status, error } = await killed.ended;
  assert.equal(status, "failed");
  assert.match(error!.message, /SIGKILL/);
  const resumed = await startTrainer({ runs, resume: run }, { store }).ended;
  assert.equal(resumed.status, "passed");
  assert.deepEqual(resumed.metrics, whole.metrics);
});

Deno.test("createApp() serves real sockets under Deno: polls, a stream to its end, the page", async () => {
  const store = memoryStore();
  const writer = await store.create("demo");
  const stage = (seq: number) =>
    ({ seq, time: "2026-01-01T00:00:00.000Z", type: "stage", stage: "s" }) as const;
  for (let seq = 1; seq <= 1200; seq++) await writer.append(stage(seq));
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, createApp(store).fetch);
  const url = `http://127.0.0.1:${server.addr.port}`;
  try {
    const base = `${url}/api/runs/${writer.id}`;
    const page = await (await fetch(`${base}/events?since=1190`)).json();
    assert.deepEqual([page.events.length, page.next, page.done], [10, 1200, false]);
    const waiting = fetch(`${base}/events?since=1200&wait=30`);
    const stream = await fetch(`${base}/stream?since=100`);
    await writer.append(stage(1201));
    assert.equal((await (await waiting).json()).next, 1201);
    await writer.append({ ...stage(1202), type: "ended", status: "passed", seconds: 1 } as never);
    const text = await stream.text();
    const ids = [...text.matchAll(/^id: (\d+)\ndata: \{"seq"/gm)].map(([, id]) => Number(id));
    assert.deepEqual(
      ids,
      Array.from({ length: 1102 }, (_, i) => 101 + i),
    );
    assert.match(text, /event: end\nid: 1202\n/);
    assert.match(await (await fetch(url)).text(), /<div id="app">/);
    for (const asset of ["app.js", "uplot/uPlot.esm.js", "lit-html/lit-html.js"]) {
      const answer = await fetch(`${url}/assets/${asset}`);
      assert.equal(answer.status, 200, asset);
      await answer.body?.cancel();
    }
    assert.equal((await fetch(`${url}/openapi.json`)).status, 200);
  } finally {
    await server.shutdown();
  }
});
