/**
 * The bench: ours and peers side by side. See README.md, or `npm run bench -- --help`.
 *
 * @module
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Table from "cli-table3";
import { Command, InvalidArgumentError, Option } from "commander";
import { assemble, Engines, messageOf } from "../../core/mod.ts";
import { builtinPlugins } from "../../plugins/mod.ts";
import { cases } from "./cases/mod.ts";
import {
  type Entrant,
  engineEntrant,
  lossesOf,
  type Participant,
  pytorchEntrant,
  pytorchMissing,
  start,
} from "./participant.ts";
import { type Row, rowsOf } from "./statistics.ts";
import { type BenchCase, variants } from "./workload.ts";

interface Options {
  readonly only?: string[];
  readonly engine?: string[];
  readonly peers: boolean;
  readonly repetitions: number;
  readonly block: number;
  readonly json?: string;
  readonly check?: true;
}

/** Threads with which PyTorch runs; the best counts. */
const PYTORCH_THREADS = [1, 2];
/** Between blocks: threads of the one before stop spinning. */
const PAUSE_MS = 300;
/** A case that has taken this long is not repeated more than so often. */
const LONG_MS = 120_000;
const LONG_REPETITIONS = 3;
/** Steps whose losses are compared. */
const CHECK_STEPS = 2;
/** Relative difference allowed in the first step, and in those after it, where differences have grown. */
const TOLERANCES = [1e-3, 1e-2];

const say = (text: string): void => void process.stderr.write(`${text}\n`);
const list = (given: string): string[] => given.split(",");
const positive = (given: string): number => {
  if (!(Number(given) > 0)) throw new InvalidArgumentError("expected a number above 0");
  return Number(given);
};
const caseNames = cases.map(({ name }) => name);
const plainEngines = (await assemble([...builtinPlugins])).all(Engines).map(({ name }) => name);
const engineNames = [...plainEngines, ...Object.keys(variants)];
const among =
  (known: readonly string[]) =>
  (given: string): string[] => {
    const unknown = list(given).filter((name) => !known.includes(name));
    if (unknown.length > 0) throw new InvalidArgumentError(`${unknown} is not among ${known.join(", ")}`);
    return list(given);
  };

const options = new Command("bench")
  .description("Times dsgan's steps and those of PyTorch, by turns.")
  .addOption(new Option("--only <cases>", `of ${caseNames.join(", ")}`).argParser(among(caseNames)))
  .addOption(new Option("--engine <names>", `of ${engineNames.join(", ")}`).argParser(among(engineNames)))
  .option("--no-peers", "without PyTorch")
  .option("--repetitions <n>", "blocks of each participant; the median counts", positive, 7)
  .option("--block <ms>", "least length of a block", positive, 500)
  .option("--json <file>", "writes [{case, engine, ms, peers, ratio}]")
  .option("--check", "compares losses with PyTorch's on equal weights and noise instead; small networks")
  .parse()
  .opts<Options>();

const chosen = cases.filter(({ name }) => options.only?.includes(name) ?? true);
const missing = options.peers ? await pytorchMissing() : undefined;
if (missing !== undefined) say(`PyTorch is left out: ${missing}`);
const peers = options.peers && missing === undefined;
if (options.check) await checkAll(chosen);
else await timeAll(chosen);

async function timeAll(chosen: readonly BenchCase[]): Promise<void> {
  const rows: Row[] = [];
  for (const bench of chosen) {
    say(`${bench.name}: ${bench.summary}`);
    rows.push(...(await timeCase(bench)));
    if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(rows, null, 2)}\n`);
  }
  print(rows);
  if (rows.length === 0) process.exitCode = 1;
}

/** Who runs a case. */
function entrantsOf({ name, engines, peers: ported }: BenchCase): Entrant[] {
  const wanted = options.engine ?? (engines === "all" ? engineNames.filter((e) => e !== "auto") : engines);
  return [
    ...wanted.map((engine) => engineEntrant(name, engine)),
    ...(peers && ported ? PYTORCH_THREADS.map((threads) => pytorchEntrant(name, threads)) : []),
  ];
}

async function timeCase(bench: BenchCase): Promise<Row[]> {
  const participants: Participant[] = [];
  try {
    for (const entrant of entrantsOf(bench)) {
      const participant = await start(entrant).catch((error) => void say(`  left out: ${messageOf(error)}`));
      if (participant === undefined) continue;
      if (participants.some(({ name }) => name === participant.name)) participant.stop();
      else participants.push(participant);
    }
    mustAgree(participants);
    const times = participants.map(({ name, kind }) => ({ name, kind, ms: [] as number[] }));
    const begin = performance.now();
    for (let i = 0; i < options.repetitions; i++) {
      if (i >= LONG_REPETITIONS && performance.now() - begin > LONG_MS) break;
      for (const [j, { run, ms }] of participants.entries()) {
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
        times[j]!.ms.push(await run(Math.max(1, Math.round(options.block / ms))));
      }
    }
    for (const { name, device } of participants) say(`  ${name}: ${device}`);
    return rowsOf(bench.name, times);
  } finally {
    for (const { stop } of participants) stop();
  }
}

/** All who run a case must run the same networks. */
function mustAgree(participants: readonly Participant[]): void {
  const counts = participants.map(({ parameters }) => JSON.stringify(parameters));
  if (new Set(counts).size > 1) {
    throw new Error(
      `networks differ: ${participants.map(({ name }, i) => `${name} ${counts[i]}`).join(", ")}`,
    );
  }
}

function print(rows: readonly Row[]): void {
  const table = new Table({ head: ["case", "engine", "ms", "peers, ms", "ratio"], style: { head: [] } });
  const ms = (value: number): string => value.toPrecision(3);
  for (const row of rows) {
    const others = Object.entries(row.peers).map(([name, value]) => `${name} ${ms(value)}`);
    table.push([row.case, row.engine, ms(row.ms), others.join("\n"), row.ratio?.toFixed(2) ?? "–"]);
  }
  console.log(table.toString());
}

async function checkAll(chosen: readonly BenchCase[]): Promise<void> {
  if (!peers) throw new Error("there is nothing to compare with");
  const folder = mkdtempSync(join(tmpdir(), "dsgan-bench-"));
  try {
    for (const { name, peers: ported } of chosen) {
      if (!ported) continue;
      for (const engine of options.engine ?? ["auto"]) {
        const check = [String(CHECK_STEPS), join(folder, `${name}.safetensors`)];
        const ours = await lossesOf(engineEntrant(name, engine, ...check));
        const theirs = await lossesOf(pytorchEntrant(name, 1, ...check));
        const off = ours.map((losses, i) =>
          Math.max(...losses.map((x, j) => Math.abs(x / theirs[i]![j]! - 1))),
        );
        const good = off.every((o, i) => o <= TOLERANCES[Math.min(i, 1)]!);
        if (!good) process.exitCode = 1;
        const digits = off.map((o) => o.toExponential(1)).join(", ");
        console.log(`${good ? "agrees" : "DIFFERS"}  ${name} on ${engine}: relative differences ${digits}`);
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}
