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
import { peak as peakCase, peakFlops } from "./cases/peak.ts";
import { type Entrant, engineEntrant, lossesOf, type Participant, start } from "./participant.ts";
import { peerEntrant, peerEntrants, peerMissing, peerNames } from "./peers.ts";
import { DISTURBED, median, type Row, rowsOf } from "./statistics.ts";
import { type BenchCase, type PeerName, variants } from "./workload.ts";

interface Options {
  readonly only?: string[];
  readonly engine?: string[];
  readonly peers?: PeerName[] | false;
  readonly repetitions: number;
  readonly block: number;
  readonly json?: string;
  readonly check?: true;
}

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
/** Cases by their names, or by how those begin: `attacks` for each `attacks-…`. */
const amongCases = (given: string): string[] =>
  among(caseNames)(
    list(given)
      .flatMap((name) => {
        const family = caseNames.filter((known) => known.startsWith(`${name}-`));
        return caseNames.includes(name) || family.length === 0 ? [name] : family;
      })
      .join(","),
  );

const options = new Command("bench")
  .description("Times dsgan's steps and those of its peers, by turns.")
  .addOption(new Option("--only <cases>", `of ${caseNames.join(", ")}`).argParser(amongCases))
  .addOption(new Option("--engine <names>", `of ${engineNames.join(", ")}`).argParser(among(engineNames)))
  .addOption(new Option("--peers <names>", `of ${peerNames.join(", ")}`).argParser(among(peerNames)))
  .option("--no-peers", "without any")
  .option("--repetitions <n>", "blocks of each participant; the median counts", positive, 7)
  .option("--block <ms>", "least length of a block", positive, 500)
  .option("--json <file>", "writes [{case, engine, ms, peers, ratio, peak, spread}]")
  .option("--check", "compares losses with the peers' on equal weights and noise instead; small networks")
  .parse()
  .opts<Options>();

const asked = cases.filter(({ name }) => options.only?.includes(name) ?? true);
const ported = new Set(asked.flatMap((bench) => bench.peers));
const peers: PeerName[] = [];
for (const name of options.peers === false ? [] : (options.peers ?? peerNames)) {
  if (!ported.has(name)) continue;
  const missing = await peerMissing(name);
  if (missing === undefined) peers.push(name);
  else say(`${name} is left out: ${missing}`);
}
/** The most floating-point operations a millisecond that anyone made of the case `peak`. */
let peak: number | undefined;
// What is a share of the peak needs the peak, in the same run.
const chosen = asked.includes(peakCase) || peers.length === 0 || options.check ? asked : [peakCase, ...asked];
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

/** Who runs a case. @param folder for what is shared */
async function entrantsOf(bench: BenchCase, folder: string): Promise<Entrant[]> {
  const { name, engines, shared = false } = bench;
  const wanted = options.engine ?? (engines === "all" ? engineNames.filter((e) => e !== "auto") : engines);
  const own = wanted.map((engine) => engineEntrant(name, engine));
  if (!shared || !bench.peers.some((peer) => peers.includes(peer)))
    return [...own, ...peerEntrants(bench, peers)];
  const file = join(folder, `${name}.safetensors`);
  await lossesOf(engineEntrant(name, wanted[0]!, "share", file));
  return [...own, ...peerEntrants(bench, peers, file)];
}

async function timeCase(bench: BenchCase): Promise<Row[]> {
  const participants: Participant[] = [];
  const folder = mkdtempSync(join(tmpdir(), "dsgan-bench-"));
  try {
    for (const entrant of await entrantsOf(bench, folder)) {
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
    if (bench === peakCase) {
      peak = Math.max(...times.map(({ ms }) => peakFlops(bench.batch) / median(ms)));
      say(`  peak: ${(peak / 1e6).toFixed(0)} GFLOP/s`);
    }
    const flops = participants.find(({ flops }) => flops !== undefined)?.flops;
    return rowsOf(bench.name, times, { flops, peak });
  } finally {
    for (const { stop } of participants) stop();
    rmSync(folder, { recursive: true });
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
  const head = ["case", "engine", "ms", "peers, ms", "ratio", "of the peak"];
  const table = new Table({ head, style: { head: [] } });
  const ms = (value: number): string => value.toPrecision(3);
  for (const row of rows) {
    const others = Object.entries(row.peers).map(([name, value]) => `${name} ${ms(value)}`);
    const share = row.peak === null ? "–" : `${(100 * row.peak).toFixed(0)} %`;
    table.push([row.case, row.engine, ms(row.ms), others.join("\n"), row.ratio?.toFixed(2) ?? "–", share]);
  }
  console.log(table.toString());
  const disturbed = [...new Set(rows.filter(({ spread }) => spread > DISTURBED).map((row) => row.case))];
  if (disturbed.length > 0) {
    const share = `${100 * DISTURBED} %`;
    console.log(
      `Disturbed: ${disturbed.join(", ")}. Times of the middle half lie more than ${share} apart; run these again on a quiet machine.`,
    );
  }
}

async function checkAll(chosen: readonly BenchCase[]): Promise<void> {
  if (peers.length === 0) throw new Error("there is nothing to compare with");
  const folder = mkdtempSync(join(tmpdir(), "dsgan-bench-"));
  try {
    for (const { name, peers: ported, compared = true } of chosen) {
      const judges = compared ? ported.filter((peer) => peers.includes(peer)) : [];
      if (judges.length === 0) continue;
      for (const engine of options.engine ?? ["auto"]) {
        const check = [String(CHECK_STEPS), join(folder, `${name}.safetensors`)];
        const ours = await lossesOf(engineEntrant(name, engine, ...check));
        for (const peer of judges) {
          compare(
            `${name} on ${engine} with ${peer}`,
            ours,
            await lossesOf(peerEntrant(name, peer, 1, ...check)),
          );
        }
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function compare(what: string, ours: readonly number[][], theirs: readonly number[][]): void {
  const off = ours.map((losses, i) => Math.max(...losses.map((x, j) => Math.abs(x / theirs[i]![j]! - 1))));
  const good = off.every((o, i) => o <= TOLERANCES[Math.min(i, 1)]!);
  if (!good) process.exitCode = 1;
  const digits = off.map((o) => o.toExponential(1)).join(", ");
  console.log(`${good ? "agrees" : "DIFFERS"}  ${what}: relative differences ${digits}`);
}
