/** A metric that is no finite number, wherever it is shown: as that, never as nothing and never as another number. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { bestOf, isBetter, jsonOf, type RunResult, ranked, type Trial } from "../../core/mod.ts";
import { builtinPlugins } from "../../plugins/mod.ts";
import { folderStore } from "../../plugins/stores/mod.ts";
import { compareCommand } from "../../server/cli/compare.ts";
import { junit } from "../../server/cli/junit.ts";
import { summary } from "../../server/cli/summary.ts";
import { createApp } from "../../server/http/mod.ts";
import { report } from "../../server/report/report.ts";
import { pairedDifference } from "../../server/statistics/sample.ts";
import { printedBy } from "./printed.ts";

const host = { plugins: [...builtinPlugins], report };
const expected = "at most 100";
const result: RunResult = {
  ...{ run: "a-0", scenario: "a", status: "missed", seconds: 1 },
  metrics: { loss: "NaN", top: "Infinity", fine: 0.5 },
  expectations: [{ metric: "loss", expected, value: "NaN", met: false }],
};

/** A folder with runs of two settings and two seeds, the newest first; one run ended with NaN. */
function runs(folder: string): string {
  for (const [id, second, seed, alpha, loss] of [
    ["a-0", 3, 0, 0.1, "NaN"],
    ["a-1", 2, 1, 0.1, 2],
    ["a-2", 1, 0, 0.2, 3],
    ["a-3", 0, 1, 0.2, 4],
  ] as const) {
    mkdirSync(join(folder, id));
    const began = `2026-01-01T00:00:0${second}.000Z`;
    writeFileSync(join(folder, id, "run.json"), JSON.stringify({ scenario: "a", began }));
    const scenario = { name: "a", seed, application: { use: "generate", alpha } };
    const ended = { ...result, run: id, metrics: { loss, fine: 0.5 } };
    const event = { seq: 1, time: "2026-01-01T00:00:00.000Z", type: "metrics", values: ended.metrics };
    writeFileSync(join(folder, id, "scenario.yaml"), JSON.stringify(scenario));
    writeFileSync(join(folder, id, "events.ndjson"), `${JSON.stringify(event)}\n`);
    writeFileSync(join(folder, id, "result.json"), JSON.stringify(ended));
  }
  return folder;
}

t.test("the terminal's table and JUnit name it", async (t) => {
  const shown = summary({ result, location: "runs/a-0", artifacts: [], report: undefined });
  t.match(shown, /loss +│ +NaN │ at most 100 │ .*missed/);
  t.match(shown, /top +│ Infinity/);
  t.match(shown, /missed.* loss NaN, expected at most 100/);
  const xml = junit([{ file: "a.yaml", result }]);
  t.match(xml, /<property name="loss" value="NaN"\/>/);
  t.match(xml, /loss is NaN, expected at most 100/);
});

t.test("compare tells it in every format", async (t) => {
  const folder = runs(t.testdir());
  const printed = async (options: object): Promise<string> =>
    (await printedBy(() => compareCommand([], { runs: folder, ...options }, host))).out;
  const [first] = JSON.parse(await printed({ json: true }));
  t.match(first.metrics.loss, { mean: "NaN", values: ["NaN", 2] });
  t.match(await printed({}), /│ loss +│ +NaN │.*│ +NaN │ +2 │/);
  t.match(await printed({}), /loss: .* = NaN, 2 equal seeds: not to be told/);
  t.match(await printed({ format: "csv" }), /^a,[^,]+,,loss,2,NaN,NaN,/m);
  t.match(await printed({ format: "md" }), /\| NaN \|/);
  const pair = pairedDifference([Number.NaN, 1]);
  t.strictSame(pair, { n: 2, mean: Number.NaN, deviation: Number.NaN });
});

t.test("the report and the HTTP answers name it", async (t) => {
  const store = folderStore({ folder: runs(t.testdir()) });
  const page = await report(await store.open("a-0"), {});
  t.match(page, /✗ missed<\/td><th scope="row">loss<\/th>\s*<td class="value"><span title="NaN">NaN<\/span>/);
  const app = createApp(store);
  const ask = async (path: string) => (await app.request(path)).json();
  t.match(await ask("/api/runs/a-0/result"), {
    metrics: { loss: "NaN" },
    expectations: [{ metric: "loss", value: "NaN", met: false }],
  });
  t.match(await ask("/api/runs/a-0"), { metrics: { loss: "NaN" } });
  t.match(await ask("/api/runs/a-0/events"), { events: [{ values: { loss: "NaN" } }] });
});

t.test("a score that is not finite is worse than any other, whichever way is better", (t) => {
  const trial = (id: string, score: number): Trial => ({
    ...{ id, settings: {}, state: "ended", rung: 0, scores: [score] },
  });
  const bad = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const direction of ["maximize", "minimize"] as const) {
    const goal = { metric: "loss", direction };
    for (const score of bad) {
      const trials = [trial("bad", score), trial("good", 1e9), trial("bad too", score)];
      t.equal(bestOf(trials, goal)?.id, "good", `${direction} ${score}`);
      t.equal(ranked(trials, 0, goal)[0]?.id, "good");
      t.notOk(isBetter(goal, score, 0));
      t.equal(bestOf([trial("bad", score)], goal), undefined, "it is no best one even where it is alone");
    }
  }
  t.equal(jsonOf({ a: [Number.NaN, 1], b: -1 / 0 }), '{"a":["NaN",1],"b":"-Infinity"}');
  t.end();
});
