/** What must hold under Deno too: the same modules, unbuilt, run a scenario on each engine and answer HTTP. */
import assert from "node:assert/strict";
import { lastValueFrom, toArray } from "rxjs";
import { assemble, contextOf, loadScenario, run, Stores } from "../../core/mod.ts";
import { builtinPlugins } from "../../plugins/mod.ts";
import { app } from "../../server/http/mod.ts";

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
  const store = await contextOf(assemble(builtinPlugins), base).create(Stores, { use: "memory" });
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
    const answer = await app(store).request(`/api/runs/${id}/events?since=${events.length - 1}`);
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
