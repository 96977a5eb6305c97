/**
 * What watching costs and how fast it is: long runs and many runs opened cold, and a crowd that streams and polls while
 * MNIST trains on the same processors. `npm run bench:serve`.
 *
 * @module
 */
import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import Table from "cli-table3";
import { Command } from "commander";
import { folderStore } from "../../plugins/stores/folder/folder.ts";
import { startTrainer } from "../../server/trainer/mod.ts";
import type { CrowdReport, CrowdRequest } from "./crowd.ts";
import { median } from "./statistics.ts";

interface Options {
  readonly events: string;
  readonly folders: string;
  readonly streams: string;
  readonly polls: string;
  readonly seconds: string;
  readonly json?: string;
  readonly only?: "open" | "crowd";
}

const options = new Command("bench:serve")
  .description("Times how long runs and many runs open, and a crowd that watches a training.")
  .option("--events <n>", "events of the long run", "1000000")
  .option("--folders <n>", "runs in the long list", "10000")
  .option("--streams <n>", "clients that stream", "500")
  .option("--polls <n>", "polls a second", "200")
  .option("--seconds <n>", "how long the crowd stays, three times", "60")
  .option("--only <part>", "`open` or `crowd`")
  .option("--json <file>", "writes what was measured")
  .parse()
  .opts<Options>();

const main = fileURLToPath(new URL("../../server/cli/main.ts", import.meta.url));
const say = (text: string): void => void process.stderr.write(`${text}\n`);
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
/** Generator steps of the training that is watched: longer than the crowd stays, and told of about once a second. */
const TRAINING_STEPS = 40_000;
const measured: Record<string, number> = {};
/** Those that were begun: none outlives this process. */
const servers: ChildProcess[] = [];

const folder = mkdtempSync(join(tmpdir(), "dsgan-bench-"));
try {
  if (options.only !== "crowd") await opening();
  if (options.only !== "open") await crowd();
} finally {
  for (const child of servers) child.kill();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
const table = new Table({ head: ["what", "measured"], style: { head: [] } });
for (const [what, value] of Object.entries(measured))
  table.push([what, String(Number(value.toPrecision(4)))]);
console.log(table.toString());
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(measured, null, 2)}\n`);
process.exit(0);

/** A server in a process of its own, nothing read yet. */
async function serve(runs: string): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, [main, "serve", "--runs", runs, "--port", "0", "--read-only"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  servers.push(child);
  for await (const text of child.stdout!) {
    const url = /http:\S+/.exec(String(text))?.[0];
    if (url !== undefined) return { child, url };
  }
  throw new Error("the server ended without a word");
}

async function timed(what: string, request: () => Promise<unknown>): Promise<void> {
  const began = performance.now();
  await request();
  measured[what] = performance.now() - began;
  say(`${what}: ${measured[what].toFixed(0)}`);
}

/** A long run and many runs, asked for by a server that has just begun. */
async function opening(): Promise<void> {
  const long = join(folder, "long");
  say(`writing ${options.events} events and ${options.folders} runs`);
  const run = await writeLong(long, Number(options.events));
  const many = join(folder, "many");
  writeMany(many, Number(options.folders));
  const get = async (url: string): Promise<Record<string, never>> => {
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
    return (await answer.json()) as Record<string, never>;
  };
  const last = Number(options.events) - 100;

  const { child, url } = await serve(long);
  await fetch(`${url}/healthz`); // the first request of a process is slow whatever it asks for
  await timed("long run, cold: list, series, last page; ms", () =>
    Promise.all([
      get(`${url}/api/runs`),
      get(`${url}/api/runs/${run}/series?points=2000`),
      get(`${url}/api/runs/${run}/events?since=${last}`),
    ]),
  );
  await timed("long run, once more: series, ms", () => get(`${url}/api/runs/${run}/series?points=2000`));
  await timed("long run: a page in the middle, ms", () =>
    get(`${url}/api/runs/${run}/events?since=${Math.floor(last / 2)}&limit=100`),
  );
  child.kill();

  const other = await serve(many);
  await fetch(`${other.url}/healthz`);
  await timed("many runs, cold: all of them, page by page; ms", async () => {
    let count = 0;
    for (let cursor: string | null = ""; cursor !== null; ) {
      const page: { runs?: unknown[]; next?: string | null } = await get(
        `${other.url}/api/runs?limit=1000${cursor && `&cursor=${cursor}`}`,
      );
      count += page.runs!.length;
      cursor = page.next!;
    }
    if (count !== Number(options.folders)) throw new Error(`${count} runs were listed`);
  });
  await timed("many runs: the first page, ms", () => get(`${other.url}/api/runs`));
  await timed("many runs: the few that failed, ms", () =>
    get(`${other.url}/api/runs?status=failed&limit=1000`),
  );
  other.child.kill();
}

async function writeLong(runs: string, n: number): Promise<string> {
  const run = "long-20260101-000000-0001";
  mkdirSync(join(runs, run), { recursive: true });
  const file = createWriteStream(join(runs, run, "events.ndjson"));
  const begin = Date.UTC(2026, 0, 1);
  let lines = "";
  for (let seq = 1; seq <= n; seq++) {
    const values = { criticLoss: Math.sin(seq / 999) / 3, generatorLoss: Math.cos(seq / 777) / 7 };
    const body =
      seq === 1
        ? { type: "stage", stage: "train", steps: n }
        : seq === n
          ? { type: "ended", status: "passed", seconds: 1 }
          : { type: "progress", stage: "train", step: seq, steps: n, values };
    lines += `${JSON.stringify({ seq, time: new Date(begin + seq).toISOString(), ...body })}\n`;
    if (seq % 10_000 === 0 || seq === n) {
      if (!file.write(lines)) await once(file, "drain");
      lines = "";
    }
  }
  file.end();
  await once(file, "close");
  writeFileSync(join(runs, run, "result.json"), resultOf(run, "passed"));
  return run;
}

function writeMany(runs: string, n: number): void {
  for (let i = 0; i < n; i++) {
    const began = new Date(Date.UTC(2026, 0, 1) + 1000 * Math.floor(i / 10)).toISOString();
    const run = `many-20260101-${began.slice(11, 19).replaceAll(":", "")}-${i.toString(16).padStart(4, "0")}`;
    mkdirSync(join(runs, run, "lease/1"), { recursive: true });
    const holder = { pid: 1, host: "bench", since: began, lease: 10_000 };
    writeFileSync(join(runs, run, "lease/1/released.json"), JSON.stringify(holder));
    writeFileSync(join(runs, run, "run.json"), JSON.stringify({ scenario: "many", began }));
    writeFileSync(join(runs, run, "scenario.yaml"), "name: many\ntags:\n  - bench\nseed: 0\n");
    writeFileSync(join(runs, run, "result.json"), resultOf(run, i % 100 === 0 ? "failed" : "passed"));
    writeFileSync(join(runs, run, "events.ndjson"), "");
  }
}

function resultOf(run: string, status: string): string {
  return JSON.stringify({ run, scenario: run, status, metrics: { x: 1 }, expectations: [], seconds: 1 });
}

/** A crowd watches a training; its steps a second are compared with those of stretches without the crowd, by turns. */
async function crowd(): Promise<void> {
  const runs = join(folder, "runs");
  const scenario = new URL("../../scenarios/paper/fig6-mnist.yaml", import.meta.url);
  const text = readFileSync(scenario, "utf8");
  const overrides = Object.entries({
    "application.steps": TRAINING_STEPS,
    "application.measures": [],
    "application.previews": 0,
    expect: {},
  }).map(([path, value]) => ({ path, value: JSON.stringify(value) }));

  const { child, url } = await serve(runs);
  const store = folderStore({ folder: runs });
  const seconds = Number(options.seconds);
  const rounds = 3;
  const rates: { alone: number[]; watched: number[] } = { alone: [], watched: [] };
  const memory: number[] = [];
  let report: CrowdReport | undefined;

  const trainer = startTrainer(
    { runs, scenario: { text, file: "fig6-mnist.yaml", base: scenario.href, overrides } },
    { store },
  );
  const steps: { step: number; at: number }[] = [];
  trainer.events.subscribe({
    next: (event) => {
      if (event.type === "progress") steps.push({ step: event.step, at: Date.parse(event.time) });
    },
    error: (error) => say(String(error)),
  });
  const run = await trainer.run;
  while (steps.length < 3) await pause(200);
  /** Steps a second between two moments. */
  const rate = (from: number, to: number): number => {
    const within = steps.filter(({ at }) => at >= from && at <= to);
    const [first, last] = [within[0], within.at(-1)];
    if (first === undefined || last === undefined || first === last) {
      throw new Error("the training told of no two steps in a round: make --seconds longer");
    }
    return ((last.step - first.step) / (last.at - first.at)) * 1000;
  };
  const idle = await gather(url, run, 5, 0, Number(options.polls)); // polls alone, to have them warmed up
  say(`polls alone while it trains: p99 ${idle.p99.toFixed(1)} ms`);
  for (let round = 0; round < rounds; round++) {
    const alone = Date.now();
    await pause(seconds * 1000);
    rates.alone.push(rate(alone, Date.now()));
    let watched = 0;
    const each = await gather(url, run, seconds, Number(options.streams), Number(options.polls), () => {
      watched = Date.now();
    });
    rates.watched.push(rate(watched, Date.now()));
    memory.push(await resident(url));
    report = report === undefined ? each : merged(report, each);
    say(
      `round ${round + 1}: ${rates.alone.at(-1)!.toFixed(1)} steps/s alone, ${rates.watched.at(-1)!.toFixed(1)} watched; ` +
        `p99 ${each.p99.toFixed(1)} ms, ${each.lost} lost, ${(memory.at(-1)! / 1e6).toFixed(0)} MB`,
    );
  }
  trainer.cancel("the bench is over");
  await trainer.ended.catch(() => {});
  const quiet = await gather(url, run, Math.min(20, seconds), Number(options.streams), Number(options.polls));
  child.kill();
  measured["events seen by the crowd"] = report!.events;
  measured["events lost or repeated"] = report!.lost;
  measured["polls answered"] = report!.polls;
  measured["poll p50 while it trains, ms"] = report!.p50;
  measured["poll p99 while it trains, ms"] = report!.p99;
  measured["poll p99 once it has ended, ms"] = quiet.p99;
  measured["steps a second alone"] = median(rates.alone);
  measured["steps a second watched"] = median(rates.watched);
  measured["slower by, %"] = 100 * (1 - median(rates.watched) / median(rates.alone));
  measured["server's memory after the first round, MB"] = memory[0]! / 1e6;
  measured["server's memory after the last round, MB"] = memory.at(-1)! / 1e6;
}

/** A crowd in a process of its own. */
async function gather(
  url: string,
  run: string,
  seconds: number,
  streams: number,
  polls: number,
  watching: () => void = () => {},
): Promise<CrowdReport> {
  const child = fork(new URL("./crowd.ts", import.meta.url));
  const left = once(child, "exit").then(([code, signal]) => {
    throw new Error(`the crowd left before its time: ${signal ?? code}`);
  });
  left.catch(() => {}); // it does leave in the end
  child.send({ url, run, seconds, streams, polls } satisfies CrowdRequest);
  await Promise.race([once(child, "message"), left]); // it is there and begins
  watching();
  const [report] = (await Promise.race([once(child, "message"), left])) as [CrowdReport];
  child.kill();
  return report;
}

function merged(a: CrowdReport, b: CrowdReport): CrowdReport {
  return {
    events: a.events + b.events,
    lost: a.lost + b.lost,
    polls: a.polls + b.polls,
    p50: Math.max(a.p50, b.p50),
    p99: Math.max(a.p99, b.p99),
  };
}

async function resident(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^process_resident_memory_bytes (\S+)/m.exec(text)![1]);
}
