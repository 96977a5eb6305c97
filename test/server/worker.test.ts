/** Workers that die, are told to stop, or share a queue: each run ends as one that nobody disturbed, and once. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { filter, firstValueFrom, lastValueFrom, timeout } from "rxjs";
import t, { type Test } from "tap";
import {
  isOfApplication,
  type Job,
  type Jobs,
  loadScenario,
  type QueuedJob,
  type RunEvent,
  type RunResult,
  run,
  type Store,
} from "../../core/mod.ts";
import { pgBossJobs } from "../../plugins/jobs/mod.ts";
import { builtinPlugins } from "../../plugins/mod.ts";
import { folderStore } from "../../plugins/stores/folder/folder.ts";
import { openStore } from "../../server/trainer/open-store.ts";
import { lacksPostgres, startPostgres } from "../postgres.ts";

t.setTimeout(600_000); // silent workers are waited for, on a busy machine
process.execArgv = []; // what tap makes every child load
delete process.env.NODE_OPTIONS;

const missing = lacksPostgres();
if (missing !== undefined) {
  t.comment(`skipped: ${missing}`);
  process.exit(0);
}

const main = fileURLToPath(new URL("../../server/cli/main.ts", import.meta.url));
const file = fileURLToPath(new URL("../fixtures/short.yaml", import.meta.url));
const text = readFileSync(file, "utf8");
const base = pathToFileURL(file);
const server = await startPostgres();
t.teardown(() => server.end());

const bodies = (events: readonly RunEvent[]): unknown[] =>
  events.filter(isOfApplication).map(({ seq, time, ...body }) => body);

/** The run that nobody disturbs, in this process. */
async function undisturbed(folder: string): Promise<{ metrics: RunResult["metrics"]; said: unknown[] }> {
  const store = folderStore({ folder });
  await lastValueFrom(run(await loadScenario(text, { base, file, plugins: builtinPlugins }), { store }));
  const reader = await store.open((await store.list())[0]!);
  return { metrics: (await reader.result())!.metrics, said: bodies(await reader.events()) };
}

const reference = await undisturbed(t.testdir());

/** A job that makes the reference's run. */
const jobFor = (id: string, more: Partial<Job> = {}): Job => ({
  id,
  task: { scenario: { text, file, base: base.href, name: "short" }, run: id },
  ...more,
});

/** A queue with a store, and workers for both. */
class Site {
  readonly runs: string;
  readonly store: Store;
  readonly url: string;
  readonly jobs: Jobs;
  readonly workers = new Set<ChildProcess>();

  /** @param runs where they are kept */
  constructor(runs: string, store: Store, url: string) {
    this.runs = runs;
    this.store = store;
    this.url = url;
    this.jobs = pgBossJobs({ url, poll: 0.3 });
  }

  /** Starts `dsgan worker`, and waits until it takes jobs. */
  async worker(...more: string[]): Promise<{ child: ChildProcess; said: Record<string, unknown>[] }> {
    const args = [main, "worker", "--runs", this.runs, "--jobs", this.url, "--json", ...more];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"], detached: true });
    this.workers.add(child);
    child.on("exit", () => this.workers.delete(child));
    const said: Record<string, unknown>[] = [];
    createInterface(child.stdout!).on("line", (line) => said.push(JSON.parse(line)));
    while (said.length === 0 && child.exitCode === null) await sleep(20);
    return { child, said };
  }

  async when(id: string, isWanted: (found: QueuedJob) => boolean): Promise<QueuedJob> {
    const found = this.jobs.watch().pipe(
      filter((one) => one.job.id === id && isWanted(one)),
      timeout(300_000),
    );
    return await firstValueFrom(found);
  }

  /** Waits until the run of a job has a checkpoint, and so is well under way. @returns the process that writes it */
  async underWay(id: string): Promise<number> {
    for (;;) {
      const reader = await this.store.open(id).catch(() => undefined);
      const files = (await reader?.files("checkpoints/")) ?? [];
      const owner = await reader?.owner();
      if (files.length > 0 && owner !== undefined) return owner.pid;
      await sleep(20);
    }
  }

  async close(): Promise<void> {
    for (const child of this.workers) child.kill("SIGKILL");
    await this.jobs.close();
  }
}

async function site(t: Test, isInDatabase = false): Promise<Site> {
  const url = await server.database();
  const runs = isInDatabase ? `${url}?spool=${t.testdir()}` : join(t.testdir(), "runs");
  const made = new Site(runs, await openStore({ runs }, builtinPlugins), url);
  t.teardown(() => made.close());
  return made;
}

/** The run of a job is as if nobody had disturbed it. @param sessions how often it was begun or resumed */
async function isSound(t: Test, { store }: Site, id: string, sessions: number): Promise<void> {
  const reader = await store.open(id);
  const events = await reader.events();
  t.strictSame((await reader.result())?.metrics, reference.metrics, "the metrics of an undisturbed run");
  t.strictSame(bodies(events), reference.said, "and its events");
  t.strictSame(
    events.map(({ seq }) => seq),
    events.map((_, i) => i + 1),
    "without gap or repeat",
  );
  const begun = events.filter(({ type }) => type === "started" || type === "resumed");
  t.equal(begun.length, sessions, "as many sessions as attempts");
}

const isOver = ({ state }: QueuedJob): boolean => state === "over";
const ended = { kind: "ended", status: "passed", metrics: reference.metrics };

t.test("a trainer that is killed is an attempt that was lost: the same worker goes on", async (t) => {
  const here = await site(t);
  const { child, said } = await here.worker("--idle-exit", "10");
  await here.jobs.put([jobFor("short-1")]);
  process.kill(await here.underWay("short-1"), "SIGKILL");
  t.match(await here.when("short-1", isOver), { attempt: 2, outcome: ended });
  await isSound(t, here, "short-1", 2);
  t.match(said.find(({ type }) => type === "ended")?.end, { kind: "lost", message: /SIGKILL/ });
  if (child.exitCode === null) await once(child, "exit");
});

for (const [what, victims] of [
  ["worker", (child: ChildProcess) => [child.pid!]],
  ["worker with its trainer", (child: ChildProcess, trainer: number) => [child.pid!, trainer]],
] as const) {
  t.test(`a ${what} that is killed: another worker goes on`, async (t) => {
    const here = await site(t);
    const first = await here.worker();
    await here.jobs.put([jobFor("short-1")]);
    const trainer = await here.underWay("short-1");
    for (const pid of victims(first.child, trainer)) process.kill(pid, "SIGKILL");
    await here.worker();
    t.match(await here.when("short-1", isOver), { attempt: 2, outcome: ended });
    await isSound(t, here, "short-1", 2);
  });
}

t.test("a worker that is told to stop gives its jobs back, and another goes on at once", async (t) => {
  const here = await site(t);
  const first = await here.worker("--slots", "2");
  await here.jobs.put([jobFor("short-1", { retries: 0 })]);
  await here.underWay("short-1");
  first.child.kill("SIGTERM");
  await once(first.child, "exit");
  t.equal(first.child.exitCode, 143);
  t.match(first.said.at(-1), { type: "stopped" });
  t.match(
    first.said.find(({ type }) => type === "left"),
    { job: "short-1", why: "told to stop" },
  );
  t.match((await here.jobs.list())[0], { state: "waiting", attempt: 1 });
  t.match(await (await here.store.open("short-1")).result(), { status: "cancelled" }, "after a checkpoint");
  const second = await here.worker("--once");
  t.match(await here.when("short-1", isOver), { attempt: 2, outcome: ended });
  await isSound(t, here, "short-1", 2);
  if (second.child.exitCode === null) await once(second.child, "exit");
  t.equal(second.child.exitCode, 0);
});

t.test("two workers share a queue and a store in one database; each run is made once", async (t) => {
  const here = await site(t, true);
  const ids = [1, 2, 3, 4].map((n) => `short-${n}`);
  await here.jobs.put(ids.map((id) => jobFor(id)));
  const workers = await Promise.all([1, 2].map(() => here.worker("--idle-exit", "1")));
  for (const id of ids) t.match(await here.when(id, isOver), { attempt: 1, outcome: { ...ended, run: id } });
  for (const id of ids) await isSound(t, here, id, 1);
  t.same((await here.store.list()).toSorted(), ids);
  for (const { child, said } of workers) {
    if (child.exitCode === null) await once(child, "exit");
    t.ok(
      said.some(({ type }) => type === "taken"),
      "each has made some",
    );
  }
  await here.jobs.put([{ ...jobFor("again"), task: { ...jobFor("short-1").task } }]);
  const { child, said } = await here.worker("--once");
  t.match(await here.when("again", isOver), { outcome: { ...ended, run: "short-1" } });
  await isSound(t, here, "short-1", 1);
  if (child.exitCode === null) await once(child, "exit");
  t.match(
    said.find(({ type }) => type === "ended"),
    { job: "again", end: ended },
    "a result is returned, not made again",
  );
});

t.test("a job that is cancelled elsewhere stops its trainer after a checkpoint", async (t) => {
  const here = await site(t);
  await here.worker();
  await here.jobs.put([jobFor("short-1")]);
  await here.underWay("short-1");
  await here.jobs.cancel(["short-1"]);
  t.match(await here.when("short-1", isOver), { outcome: { kind: "cancelled" } });
  const reader = await here.store.open("short-1");
  while ((await reader.owner()) !== undefined) await sleep(50);
  t.match(await reader.result(), { status: "cancelled" });
});

t.test("a scenario that is refused fails its job at once, with its problems", async (t) => {
  const here = await site(t);
  const { child } = await here.worker("--once");
  const wrong = { text: "application: { use: generat }", file: "wrong.yaml", base: base.href, name: "wrong" };
  await here.jobs.put([{ id: "wrong-1", task: { scenario: wrong, run: "wrong-1" } }]);
  t.match(await here.when("wrong-1", isOver), {
    attempt: 1,
    outcome: { kind: "failed", message: /wrong\.yaml:1: application.*generat/ },
  });
  if (child.exitCode === null) await once(child, "exit");
  t.equal(child.exitCode, 2);
  t.same(await here.store.list(), []);
});

t.test("a worker says what it lacks", async (t) => {
  const refused = (...args: string[]): string => {
    const { status, stderr } = spawnSync(process.execPath, [main, "worker", ...args], { encoding: "utf8" });
    t.equal(status, 2);
    return stderr;
  };
  const folder = t.testdir();
  t.match(refused("--runs", folder), /keeps no jobs that other processes see\. Queues are at postgres:\/\//);
  const away = refused("--runs", folder, "--jobs", "postgres://dsgan:hush@127.0.0.1:1/dsgan");
  t.match(away, /jobs cannot be kept in the database: .*ECONNREFUSED/);
  t.notMatch(away, /hush/);
  const misspelt = `${await server.database()}?leese=5`;
  t.match(refused("--runs", misspelt, "--once", "--idle-exit", "1"), /"leese".*spelt right/);
});
