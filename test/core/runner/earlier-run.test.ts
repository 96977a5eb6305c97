/** How a scenario names an earlier run: by its id, as the newest, or as the newest of a scenario. */
import { lastValueFrom, toArray } from "rxjs";
import t from "tap";
import {
  assemble,
  contextOf,
  type EarlierRun,
  earlierRunShape,
  loadScenario,
  openEarlier,
  run,
  z,
} from "../../../core/mod.ts";
import { builtinPlugins } from "../../../plugins/mod.ts";
import { memoryStore } from "../../../plugins/stores/memory/memory.ts";
import { loadActing } from "../parts.ts";

const schema = z.strictObject(earlierRunShape());
const base = new URL("file:///");

/** A store with runs of two scenarios, none of which has trained anything. */
async function shelf() {
  const store = memoryStore();
  const runs = ["old-mnist", "mnist", "ring", "present", "mnist-since"];
  for (const [day, id] of runs.entries()) {
    const scenario = id.includes("mnist") ? "mnist" : id;
    const began = new Date(Date.UTC(2026, 0, 1 + day)).toISOString();
    const writer = await store.create(scenario, { id, began });
    const event = { seq: 1, time: began, type: "started", run: id, scenario, application: "toy", seed: 0 };
    const engine = { name: "cpu", version: "", device: "", reason: "" };
    await writer.append({ ...event, type: "started", engine, location: "" });
    await writer.close();
  }
  return store;
}

t.test("the newest run, or that of a scenario, is one that began before the present one", async (t) => {
  const registry = await assemble(builtinPlugins);
  const store = await shelf();
  /** Which run is found, told by what it lacks. */
  const found = async (named: EarlierRun, present?: string): Promise<string> => {
    const context = {
      ...contextOf(registry, base),
      store,
      registry,
      ...(present !== undefined && { run: present }),
    };
    return await openEarlier(schema.parse(named), context).then(
      (trained) => trained.run,
      (error) => error.message,
    );
  };
  t.match(await found({ run: "mnist-since" }, "present"), "run mnist-since has no checkpoint");
  t.match(await found({ run: "latest" }, "present"), "run ring has no checkpoint");
  t.match(await found({ run: "latest" }), "run mnist-since has no checkpoint");
  t.match(await found({ run: { scenario: "mnist" } }, "present"), "run mnist has no checkpoint");
  t.match(await found({ run: { scenario: "mnist" } }, "mnist"), "run old-mnist has no checkpoint");
  t.match(await found({ run: "latest" }, "old-mnist"), "no run began before this one");
  t.match(await found({ run: { scenario: "cifar" } }, "present"), "no run of that scenario began before");
  t.throws(() => schema.parse({ run: { scenario: "" } }));
  t.throws(() => schema.parse({ run: 3 }));
});

t.test("a run never finds itself", async (t) => {
  const store = await shelf();
  const loaded = await loadActing(async function* (context) {
    t.equal((await store.list())[0], context.run);
    await openEarlier({ run: "latest" }, context);
    yield { type: "stage", stage: "never" };
  });
  const events = await lastValueFrom(run(loaded, { store, environment: {} }).pipe(toArray()));
  t.match(events.at(-1), { type: "ended", status: "failed" });
  t.match(JSON.stringify(events), "run mnist-since has no checkpoint yet");
});

t.test("in a scenario from outside, runs are its host's", async (t) => {
  const text = (runs: string) => `
name: demo
application:
  use: evaluate-robustness
  data: mnist
  attacks: [fgsm]
  epsilons: { linf: [0.1] }
  classifiers: { ours: { use: run, run: { scenario: mnist }, runs: ${runs} } }
`;
  const load = async (runs: string, allow?: readonly string[]) =>
    await loadScenario(text(runs), { base, file: "demo", plugins: builtinPlugins, allow });
  const named = { use: "run", run: { scenario: "mnist" } };
  t.match((await load("runs", [])).scenario.application, {
    classifiers: { ours: { ...named, runs: undefined } },
  });
  t.match((await load("runs")).scenario.application, { classifiers: { ours: { ...named, runs: "runs" } } });
  await t.rejects(load("/var/runs", []), { name: "NotAllowed" });
  await t.rejects(load("postgres://host/runs", []), { name: "NotAllowed" });
  const set = { "application.classifiers.ours.runs": "runs" };
  const overrides = Object.entries(set).map(([path, value]) => ({ path, value }));
  const changed = { base, file: "demo", plugins: builtinPlugins, allow: [], overrides };
  t.match((await loadScenario(text("elsewhere"), changed)).scenario.application, {
    classifiers: { ours: named },
  });
});
