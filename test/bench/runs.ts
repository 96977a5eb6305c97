/**
 * What keeping a run safe costs: MNIST trains in a process of its own with a checkpoint every 10 seconds and with none,
 * by turns, and the process that watches measures how long its own event loop is held up. `npm run bench:runs`.
 *
 * @module
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import Table from "cli-table3";
import { Command } from "commander";
import { lastValueFrom, tap } from "rxjs";
import { folderStore } from "../../plugins/stores/folder/folder.ts";
import { startTrainer } from "../../server/trainer/mod.ts";
import { median } from "./statistics.ts";

interface Options {
  readonly repetitions: string;
  readonly steps: string;
  readonly json?: string;
}

const { repetitions, steps, json } = new Command("bench:runs")
  .description("Times a training with and without checkpoints, by turns, and the delay of who watches it.")
  .option("--repetitions <n>", "trainings of each kind; the median counts", "5")
  .option("--steps <n>", "generator steps of each", "1500")
  .option("--json <file>", "writes what was measured")
  .parse()
  .opts<Options>();

const scenario = new URL("../../scenarios/paper/fig6-mnist.yaml", import.meta.url);
const never = 1e9;

/** Times a training. @returns milliseconds a step, checkpoints written on the way, and the 99th percentile of the delay */
async function train(seconds: number): Promise<{ ms: number; checkpoints: number; delay: number }> {
  const runs = mkdtempSync(join(tmpdir(), "dsgan-bench-"));
  const overrides = Object.entries({
    "checkpoint.seconds": seconds,
    "application.steps": Number(steps),
    "application.measures": [],
    "application.previews": 0,
    expect: {},
  }).map(([path, value]) => ({ path, value: JSON.stringify(value) }));
  const text = readFileSync(scenario, "utf8");
  const request = { runs, scenario: { text, file: "fig6-mnist.yaml", base: scenario.href, overrides } };
  const trainer = startTrainer(request, { store: folderStore({ folder: runs }) });
  const delays = monitorEventLoopDelay({ resolution: 1 });
  const seen = { first: 0, firstStep: 0, last: 0, lastStep: 0, checkpoints: 0 };
  await lastValueFrom(
    trainer.events.pipe(
      tap((event) => {
        if (event.type === "checkpoint" && seen.lastStep < Number(steps)) seen.checkpoints++;
        if (event.type !== "progress") return;
        if (seen.first === 0) {
          [seen.first, seen.firstStep] = [performance.now(), event.step];
          delays.enable();
        }
        [seen.last, seen.lastStep] = [performance.now(), event.step];
      }),
    ),
  );
  delays.disable();
  rmSync(runs, { recursive: true });
  const ms = (seen.last - seen.first) / (seen.lastStep - seen.firstStep);
  return { ms, checkpoints: seen.checkpoints, delay: delays.percentile(99) / 1e6 };
}

const measured: { every10: Awaited<ReturnType<typeof train>>[]; none: Awaited<ReturnType<typeof train>>[] } =
  {
    every10: [],
    none: [],
  };
for (let i = 0; i < Number(repetitions); i++) {
  measured.every10.push(await train(10));
  measured.none.push(await train(never));
}
const rows = Object.entries(measured).map(([name, times]) => ({
  case: name === "every10" ? "a checkpoint every 10 s" : "none on the way",
  ms: median(times.map(({ ms }) => ms)),
  checkpoints: median(times.map(({ checkpoints }) => checkpoints)),
  delay: median(times.map(({ delay }) => delay)),
}));
const overhead = rows[0]!.ms / rows[1]!.ms - 1;
const table = new Table({
  head: ["training of fig6-mnist", "ms a step", "checkpoints", "watcher's delay, p99, ms"],
  style: { head: [] },
});
for (const { case: name, ms, checkpoints, delay } of rows) {
  table.push([name, ms.toFixed(2), checkpoints, delay.toFixed(2)]);
}
console.log(table.toString());
console.log(`overhead of checkpoints: ${(100 * overhead).toFixed(1)} %`);
if (json !== undefined) writeFileSync(json, `${JSON.stringify({ rows, overhead }, null, 2)}\n`);
