/** Means over seeds, of run folders as a training leaves them. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { stringify } from "yaml";
import { builtinPlugins } from "../../plugins/mod.ts";
import { type CompareOptions, compareCommand } from "../../server/cli/compare.ts";
import type { Comparison } from "../../server/cli/comparison.ts";
import { spread } from "../../server/statistics/sample.ts";
import { printedBy } from "./printed.ts";

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
  t.capture(process.stderr, "write", () => true);
  return (await printedBy(() => compareCommand(given, options, host))).out;
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
  t.match(one!.metrics.errors, { mean: 140, deviation: 20, values: [140, 160, 120] });
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

t.test("a metric is chosen by the number in its name, however that is written", async (t) => {
  const runs = t.testdir();
  const metrics = { "m.pgd@0.1": 0.5, "m.clean": 0.9 };
  ran(runs, "ssl-20260101-000000-0001", 0, dsgan, { status: "passed", metrics });
  for (const name of ["m.pgd@0.1", "m.pgd@0.10", "m.pgd@.1", "m.pgd@1/10"]) {
    const [found] = JSON.parse(await printed(t, [], { runs, json: true, metric: [name] })) as Comparison[];
    t.strictSame(Object.keys(found!.metrics), ["m.pgd@0.1"], name);
  }
  await t.rejects(compareCommand([], { runs, metric: ["m.pgd@0.2"] }, host), /metric m\.pgd@0\.2: no run/);
});

t.test("what cannot be compared is said", async (t) => {
  const runs = t.testdir();
  three(runs);
  await t.rejects(compareCommand([], { runs, metric: ["error"] }, host), /no run has it.*errors, other/);
  const failed = ["ssl-20260101-000000-0005"];
  await t.rejects(compareCommand(failed, { runs }, host), /of 1 runs none has ended/);
});

/** Two settings with four seeds in common, one of them run twice, and a fifth that only one has. */
function pairs(runs: string): void {
  const of = (i: number): string => `ssl-20260101-000000-00${String(i).padStart(2, "0")}`;
  const passed = (errors: number): object => ({ status: "passed", metrics: { errors } });
  for (const [seed, errors] of [100, 120, 140, 160, 180].entries())
    ran(runs, of(seed), seed, dsgan, passed(errors));
  for (const [seed, errors] of [95, 117, 134, 157].entries())
    ran(runs, of(10 + seed), seed, matching, passed(errors));
  ran(runs, of(30), 3, dsgan, passed(160));
}

t.test("settings are compared over the seeds that they share, each seed once", async (t) => {
  const runs = t.testdir();
  pairs(runs);
  const found = JSON.parse(await printed(t, [], { runs, json: true })) as Comparison[];
  t.same(
    found.map(({ seeds }) => seeds).toSorted((a, b) => b.length - a.length),
    [
      [0, 1, 2, 3, 4],
      [0, 1, 2, 3],
    ],
  );
  const [{ group, metrics } = {}] = found[0]!.against;
  t.equal(group, 1);
  t.same(found[1]!.against, [], "each pair once");
  t.match(metrics!.errors, { n: 4 });
  t.ok(Math.abs(Math.abs(metrics!.errors!.mean) - 4.25) < 1e-12);
  t.ok(Math.abs(metrics!.errors!.p! - 0.01088483) < 1e-8, `${metrics!.errors!.p}`);
  const text = await printed(t, [], { runs });
  t.match(text, /errors: .* = -?4\.3 ± 1\.5 \[.*\], 4 equal seeds, p 0\.011: (larger|smaller)/);
});

t.test("seeds that are too few to tell are said to be", async (t) => {
  const runs = t.testdir();
  three(runs);
  ran(runs, "ssl-20260101-000000-0006", 2, matching, {
    status: "passed",
    metrics: { errors: 150, other: 1 },
  });
  const text = await printed(t, [], { runs, metric: ["errors"] });
  t.match(
    text,
    /2 equal seeds, p .*: too few seeds to tell: 2 show a difference of \d+.* with 80 % power; one as seen would need/,
  );
  const single = t.testdir();
  three(single);
  t.match(
    await printed(t, [], { runs: single, metric: ["errors"] }),
    /1 equal seed: too few seeds to tell: two at least/,
  );
});

t.test("comparisons are printed as Markdown, CSV and LaTeX", async (t) => {
  const runs = t.testdir();
  pairs(runs);
  const markdown = await printed(t, [], { runs, format: "md" });
  t.match(markdown, "| setting | seeds | errors |\n|---|---|---|\n");
  t.match(markdown, /\| ssl {2}application\.method\.use=dsgan \| 5 \| 140 ± 32 \[101, 179\] \|/);
  const csv = (await printed(t, [], { runs, format: "csv" })).trim().split("\n");
  t.equal(csv[0], "scenario,setting,minus,metric,n,mean,sd,low,high,p,detectable,needed");
  t.equal(csv.length, 4, "two means and a difference");
  t.ok(csv.every((row) => row.split(",").length === 12));
  const latex = await printed(t, [], { runs, format: "latex" });
  t.match(latex, "\\begin{tabular}{lrr}");
  t.match(latex, "140 $\\pm$ 32 [101, 179] \\\\");
});

t.test(
  "curves are drawn as a PNG with a band for each setting, where runs report them on the way",
  async (t) => {
    const runs = t.testdir();
    pairs(runs);
    const file = join(runs, "curves.png");
    const none = printed(t, [], { runs, plot: file });
    await t.rejects(none, { message: /no run reports errors on the way/ });
    for (const id of readdirSync(runs).filter((name) => name.startsWith("ssl-"))) {
      const lines = [1, 2, 3].map((seq) =>
        JSON.stringify({
          seq,
          time: "2026-01-01T00:00:00.000Z",
          type: "progress",
          stage: "train",
          step: 10 * seq,
          steps: 30,
          values: { errors: 9 - seq },
        }),
      );
      writeFileSync(join(runs, id, "events.ndjson"), `${lines.join("\n")}\n`);
    }
    await printed(t, [], { runs, plot: file });
    t.equal(readFileSync(file).subarray(1, 4).toString(), "PNG");
    const svg = join(runs, "curves.svg");
    await printed(t, [], { runs, plot: svg });
    t.match(readFileSync(svg, "utf8"), /^<svg .*fill-opacity/s, "bands in it too");
    await t.rejects(printed(t, [], { runs, plot: join(runs, "x.pdf") }), {
      message: /pictures are PNG or SVG/,
    });
  },
);
