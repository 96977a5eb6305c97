/**
 * A fleet for a test: a database with runs and jobs, workers, and commands about sweeps, each a process as users start it.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Test } from "tap";
import type { RunEvent, Store } from "../../core/mod.ts";
import { builtinPlugins } from "../../plugins/mod.ts";
import { openStore } from "../../server/trainer/open-store.ts";
import type { TestPostgres } from "../postgres.ts";

const main = fileURLToPath(new URL("../../server/cli/main.ts", import.meta.url));
const walk = fileURLToPath(new URL("../fixtures/walk.yaml", import.meta.url));

/** Two trials over two seeds, in steps that take a while and little of the processor. */
export const WALKS = `name: walks
scenario: ${walk}
vary: { application.size: [1, 2] }
seeds: [0, 1]
search: grid
goal: { maximize: place }
expect: { place: { mean: { atLeast: 0.1 } } }
`;

/** The same runs, which wait half-way until {@link openDoor}. */
export const HELD = WALKS.replace("seeds:", "set: { application.door: door }\nseeds:");

/** How a command ended. */
export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A command under way, in a process group of its own. */
export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** What it has printed so far. */
  out(): string;
}

/** A fleet. */
export interface Fleet {
  readonly cwd: string;
  readonly url: string;
  readonly store: Store;
  start(...args: string[]): Started;
  run(...args: string[]): Promise<Ended>;
  /** Starts a command that has a terminal for its output. */
  onTerminal(...args: string[]): Started;
  /** Starts a worker, and waits until it takes jobs. @param wrap what starts the program, such as unshare */
  worker(args?: readonly string[], wrap?: readonly string[]): Promise<Started & { said(): readonly Said[] }>;
  /** Ends a process with all that it has started, at once. */
  kill(started: Started): Promise<void>;
}

/** Starts a program on a terminal of its own, which is not that of a CI. */
const TERMINAL = [
  ...["env", "CI=", "COLUMNS=100", "LINES=24"],
  ...["bash", "-c", 'exec script -qec "$(printf "%q " "$@")" /dev/null', "bash"],
];

/** A line of a worker. */
export type Said = Readonly<Record<string, unknown>> & { readonly type: string };

/**
 * Opens a fleet on a new database, with short leases.
 * @param port of the server or of a network before it
 */
export async function fleetAt(t: Test, server: TestPostgres, port = server.port): Promise<Fleet> {
  const cwd = t.testdir();
  const address = new URL(await server.database());
  address.port = String(port);
  const url = `${address.href}?lease=5&silence=10&poll=0.3&spool=${join(cwd, "spool")}`;
  const env = {
    ...process.env,
    ...{ CI: "1", GITHUB_ACTIONS: "", NO_COLOR: "1", NODE_OPTIONS: "", DSGAN_RUNS: url, DSGAN_JOBS: "" },
  };
  const children = new Set<ChildProcess>();
  const start = (args: readonly string[], wrap: readonly string[] = []): Started => {
    const [program = "", ...rest] = [...wrap, process.execPath, main, ...args];
    const child = spawn(program, rest, { cwd, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    children.add(child);
    let out = "";
    let err = "";
    child.stdout!.on("data", (data) => (out += data));
    child.stderr!.on("data", (data) => (err += data));
    const ended = once(child, "close").then(([code]) => {
      children.delete(child);
      return { code, out, err };
    });
    return { child, ended, out: () => out };
  };
  const kill = async ({ child, ended }: Pick<Started, "child" | "ended">): Promise<void> => {
    process.kill(-child.pid!, "SIGKILL");
    await ended;
  };
  t.teardown(async () => {
    for (const child of children) process.kill(-child.pid!, "SIGKILL");
    while (children.size > 0) await sleep(20);
  });
  return {
    ...{ cwd, url, kill },
    store: await openStore({ runs: url }, builtinPlugins),
    start: (...args) => start(args),
    run: (...args) => start(args).ended,
    onTerminal: (...args) => start(args, TERMINAL),
    async worker(args = [], wrap = []) {
      const started = start(["worker", "--json", ...args], wrap);
      const lines: Said[] = [];
      createInterface(started.child.stdout!).on("line", (line) => lines.push(JSON.parse(line)));
      while (lines.length === 0 && started.child.exitCode === null) await sleep(20);
      return { ...started, said: () => lines };
    },
  };
}

/** Whether a process of this machine lives; one that nobody has taken note of yet does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

/** Writes a sweep file into the fleet's folder. */
export function sweepFile({ cwd }: Pick<Fleet, "cwd">, text = WALKS, name = "walks.yaml"): void {
  writeFileSync(join(cwd, name), text);
}

/** Lets the runs of {@link HELD} go on. */
export function openDoor({ cwd }: Pick<Fleet, "cwd">): void {
  writeFileSync(join(cwd, "door"), "");
}

/** Milliseconds that a test waits for something. */
const PATIENCE = 240_000;

/** Asks again and again, until there is an answer. @throws Error after minutes without one */
export async function answerOf<T>(ask: () => Promise<T | undefined | false>): Promise<T> {
  for (const end = performance.now() + PATIENCE; performance.now() < end; ) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    await sleep(50);
  }
  throw new Error(`not so after minutes: ${ask}`);
}

/** The id of the sweep that there is, once it has put jobs. */
export async function sweepThere({ store }: Fleet): Promise<string> {
  return await answerOf(async () => {
    const id = (await store.list()).find((run) => run.includes("-sweep-"));
    return id !== undefined && (await outcomes(store, id)).put > 0 && id;
  });
}

/** How many jobs a sweep has put, and how many are over, by its log. */
export async function outcomes(store: Store, sweep: string): Promise<{ put: number; over: number }> {
  const events = await (await store.open(sweep)).events();
  const jobs = events.flatMap((event) => (event.type === "job" ? [event] : []));
  const over = jobs.filter(({ outcome }) => outcome !== undefined).length;
  return { put: jobs.length - over, over };
}

/** The runs of a store, without sweeps, once so many have a checkpoint and a process that writes them. */
export async function underWay({ store }: Fleet, count: number): Promise<readonly number[]> {
  return await answerOf(async () => {
    const pids: number[] = [];
    for (const id of await store.list()) {
      if (id.includes("-sweep-")) continue;
      const reader = await store.open(id);
      const owner = await reader.owner();
      if (owner !== undefined && (await reader.files("checkpoints/")).length > 0) pids.push(owner.pid);
    }
    return pids.length >= count && pids;
  });
}

/** Why jobs of the sweep that there is have not come to their end, the last time that they were put. */
export async function failuresOf(fleet: Fleet): Promise<readonly unknown[]> {
  const newest = new Map<string, unknown>();
  for (const event of await (await fleet.store.open(await sweepThere(fleet))).events()) {
    if (event.type === "job") newest.set(event.job.id, event.outcome);
  }
  return [...newest.values()].filter((outcome) => (outcome as { kind?: string })?.kind !== "ended");
}

/** What the runs of a store came to, by id. */
export async function metricsOf(store: Store): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const id of (await store.list()).toSorted()) {
    if (!id.includes("-sweep-")) found[id] = (await (await store.open(id)).result())?.metrics;
  }
  return found;
}

/** Checks that each job of a sweep has one outcome, and each run one end; that numbers have no gap and no repeat. */
export async function checkOnce(t: Test, store: Store, sweep: string, jobs: number): Promise<void> {
  const events = await (await store.open(sweep)).events();
  checkNumbers(t, events, sweep);
  const told = events.flatMap((event) =>
    event.type === "job" && event.outcome !== undefined ? [event] : [],
  );
  const good = told.filter(({ outcome }) => outcome?.kind === "ended").map(({ job }) => job.id);
  t.equal(new Set(good).size, jobs, "each job has come to its end");
  t.equal(good.length, jobs, "and once");
  for (const id of await store.list()) {
    if (id.includes("-sweep-")) continue;
    const own = await (await store.open(id)).events();
    checkNumbers(t, own, id);
    const ends = own.filter((event) => event.type === "ended" && /passed|missed/.test(event.status));
    t.equal(ends.length, 1, `${id} ran once to its end`);
  }
}

function checkNumbers(t: Test, events: readonly RunEvent[], what: string): void {
  t.strictSame(
    events.map(({ seq }) => seq),
    events.map((_event, i) => i + 1),
    `${what}: numbers without gap or repeat`,
  );
}
