/** Means over seeds, of run folders as a training leaves them. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { stringify } from "yaml";
import { builtinPlugins } from "../../plugins/mod.ts";
import { type CompareOptions, type Comparison, compareCommand, spread } from "../../server/cli/compare.ts";

const host = { plugins: [...builtinPlugins], report: async () => "" };

/** Writes a run. */
function ran(runs: string, id: string, seed: number, application: object, result: object | undefined): void {
  mkdirSync(join(runs, id), { recursive: true });
  const scenario = {
    name: "ssl",
    description: `with seed ${seed}`,
    seed,
    engine: { use: "cpu" },
    application,
  };
  writeFileSync(join(runs, id, "scenario.yaml"), stringify(scenario));
  writeFileSync(join(runs, id, "events.ndjson"), "");
  if (result === undefined) return;
  const whole = { run: id, scenario: "ssl", expectations: [], seconds: 60, ...result };
  writeFileSync(join(runs, id, "result.json"), JSON.stringify(whole));
}

/** What the command prints. */
async function printed(t: Test, given: readonly string[], options: CompareOptions): Promise<string> {
  const { args } = t.capture(process.stdout, "write", () => true);
  t.capture(process.stderr, "write", () => true);
  await compareCommand(given, options, host);
  return args().flat().join("");
}

const dsgan = { use: "bad-gan-ssl", method: { use: "dsgan", alpha: 0.8 } };
const matching = { use: "bad-gan-ssl", method: { use: "feature-matching", generator: "g" } };

function three(runs: string): void {
  ran(runs, "ssl-20260101-000000-0001", 1, dsgan, { status: "missed", metrics: { errors: 160, other: 1 } });
  ran(runs, "ssl-20260101-000000-0002", 0, dsgan, { status: "passed", metrics: { errors: 140, other: 1 } });
  ran(runs, "ssl-20260101-000000-0003", 2, dsgan, { status: "passed", metrics: { errors: 120, other: 1 } });
  ran(runs, "ssl-20260101-000000-0004", 0, matching, { status: "passed", metrics: { errors: 99, other: 1 } });
  ran(runs, "ssl-20260101-000000-0005", 1, matching, { status: "failed", metrics: {} });
  ran(runs, "ssl-20260101-000000-0006", 2, matching, undefined);
}

t.test("spread() is the mean and the sample standard deviation", async (t) => {
  t.match(spread([2, 4, 4, 4, 5, 5, 7, 9]), { mean: 5, deviation: Math.sqrt(32 / 7) });
  t.match(spread([3]), { mean: 3, deviation: 0 });
});

t.test("runs that differ in their seed alone make one comparison", async (t) => {
  const runs = t.testdir();
  three(runs);
  const found = JSON.parse(await printed(t, [], { runs, json: true })) as Comparison[];
  t.equal(found.length, 2);
  const [one, other] = found.toSorted((a, b) => b.seeds.length - a.seeds.length);
  t.strictSame(one!.seeds, [0, 1, 2], "in the order of seeds");
  t.strictSame(one!.metrics.errors, { mean: 140, deviation: 20, values: [140, 160, 120] });
  t.strictSame(
    one!.differs,
    { "application.method.use": "dsgan" },
    "not the options that only one of them has",
  );
  t.strictSame(other!.differs, { "application.method.use": "feature-matching" });
  t.strictSame(other!.seeds, [0], "those that failed or go on are left out");
});

t.test("runs named, and metrics chosen, are all that is shown", async (t) => {
  const runs = t.testdir();
  three(runs);
  const ids = ["ssl-20260101-000000-0001", join(runs, "ssl-20260101-000000-0002")];
  const text = await printed(t, ids, { runs, metric: ["errors"] });
  t.match(text, "150 ± 14");
  t.notMatch(text, "other");
  t.notMatch(text, "feature-matching");
});

t.test("what cannot be compared is said", async (t) => {
  const runs = t.testdir();
  three(runs);
  await t.rejects(compareCommand([], { runs, metric: ["error"] }, host), /no run has it.*errors, other/);
  const failed = ["ssl-20260101-000000-0005"];
  await t.rejects(compareCommand(failed, { runs }, host), /of 1 runs none has ended/);
});
