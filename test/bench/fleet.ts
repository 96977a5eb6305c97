/**
 * How a fleet grows: `npm run -s bench:fleet`. Workers here do what a trainer does to its store and its queue, and sleep
 * where it would compute, so that one machine can stand for many.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import postgres from "postgres";
import type { AttemptEnd, Job, JobHandler, Jobs, JobWorker, Store } from "../../core/mod.ts";
import { pgBossJobs } from "../../plugins/jobs/mod.ts";
import { folderStore } from "../../plugins/stores/folder/folder.ts";
import { postgresStore } from "../../plugins/stores/postgres/postgres.ts";
import { lacksPostgres, startPostgres } from "../postgres.ts";
import { startNetwork } from "../proxy.ts";

const main = fileURLToPath(new URL("../../server/cli/main.ts", import.meta.url));
const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    haste: { type: "string", default: "1" },
    only: { type: "string", multiple: true, default: ["growth", "stores", "threads", "idle"] },
  },
});
const { quick, only } = values;

/** What a run wrote, and in how many seconds. */
interface Recorded {
  readonly seconds: number;
  readonly events: number;
  readonly checkpoints: number;
  /** Of a checkpoint. */
  readonly bytes: number;
}

/** Of 55 minutes of `ssl-svhn-scaled` on a busy machine. */
const SVHN: Recorded = { seconds: 3309, events: 192, checkpoints: 103, bytes: 4_387_411 };
/** Of `smoke/ring` with 600 steps on a busy machine: hardly anything computes less between two events. */
const RING: Recorded = { seconds: 9.9, events: 223, checkpoints: 3, bytes: 36_524 };
/** Seconds of a stub: `SVHN` writes a checkpoint in as many. */
const SECONDS = quick ? 2 : 40;
const JOBS_PER_WORKER = 2;
/** How much more a stub writes in them than the run did, and into a store by itself. */
const HASTE = quick ? 10 : Number(values.haste);
const STORE_HASTE = 10;

const traits = { engine: "none", processor: "none", threads: 1, versions: {} };
const task: Job["task"] = { scenario: { text: "{}", file: "stub.yaml", base: "file:///" } };

/**
 * Writes as a run does, and sleeps where it computes: what it waits for its store comes on top, as it does to a run.
 * @param seconds that it sleeps
 * @param haste how much more it writes in them than the run did
 */
async function replay(
  store: Store,
  id: string,
  recorded: Recorded,
  seconds: number,
  haste = 1,
): Promise<AttemptEnd> {
  const writer = await store.create("stub", { id });
  const events = Math.ceil((recorded.events * haste * seconds) / recorded.seconds);
  const every = Math.round(recorded.events / recorded.checkpoints);
  const bytes = new Uint8Array(recorded.bytes);
  for (let seq = 1; seq <= events; seq++) {
    await sleep((1000 * seconds) / events);
    const time = new Date().toISOString();
    if (seq % every === 0) await writer.write(`checkpoints/${seq}.safetensors`, bytes);
    await writer.append({ seq, time, type: "progress", stage: "train", step: seq, steps: events });
  }
  await writer.flush?.();
  await writer.close();
  return { kind: "ended", run: id, status: "passed", metrics: {} };
}

/** Seconds that something takes. */
async function timed(act: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await act();
  return (performance.now() - start) / 1000;
}

/** Resolves when a queue has nothing more to do. */
async function done(jobs: Jobs): Promise<void> {
  const open = new Set((await jobs.list()).map(({ job }) => job.id));
  await new Promise<void>((resolve, reject) => {
    const watching = jobs.watch().subscribe({
      next({ job, state }) {
        if (state === "over") open.delete(job.id);
        if (open.size > 0) return;
        setTimeout(() => watching.unsubscribe());
        resolve();
      },
      error: reject,
    });
  });
}

const server = await (async () => {
  const missing = lacksPostgres();
  if (missing !== undefined) throw new Error(missing);
  return await startPostgres();
})();
const folder = mkdtempSync(join(tmpdir(), "dsgan-bench-"));

/** 1 to 32 workers: how much of so many times the work of one they do, and of what they would do without queue and store. */
async function growth(): Promise<void> {
  let one: number | undefined;
  console.log(
    `\nworkers, each with ${JOBS_PER_WORKER} runs of ${SECONDS} s that write as ssl-svhn-scaled does${HASTE === 1 ? "" : ` in ${HASTE} times as many`}`,
  );
  for (const n of quick ? [1, 4] : [1, 2, 4, 8, 16, 32]) {
    const url = await server.database();
    const queues = Array.from({ length: n }, () => pgBossJobs({ url, poll: 0.5 }));
    const worker = async (jobs: Jobs): Promise<JobWorker> => {
      const store = postgresStore({ url, spool: join(folder, "spool") }); // each its own, as trainers have
      return await jobs.work(1, ({ id }) => replay(store, id, SVHN, SECONDS, HASTE), { traits });
    };
    const ids = Array.from({ length: n * JOBS_PER_WORKER }, (_, i) => `stub-${i}`);
    await queues[0]!.put(ids.map((id) => ({ id, task })));
    const took = await timed(async () => {
      const workers = await Promise.all(queues.map(worker));
      await done(queues[0]!);
      await Promise.all(workers.map((worker) => worker.drain()));
    });
    await Promise.all(queues.map((jobs) => jobs.close()));
    const ideal = JOBS_PER_WORKER * SECONDS;
    one ??= took;
    console.log(
      `  ${String(n).padStart(2)}  ${took.toFixed(1)} s  ${(one / took).toFixed(2)} of linear, ` +
        `${(ideal / took).toFixed(2)} of what takes neither queue nor store`,
    );
  }
}

/** The same runs into each store, at several distances. */
async function stores(): Promise<void> {
  await storesOf("smoke/ring", RING, 1);
  await storesOf(`ssl-svhn-scaled, ${STORE_HASTE} times as talkative`, SVHN, STORE_HASTE);
}

async function storesOf(name: string, recorded: Recorded, haste: number): Promise<void> {
  const seconds = quick ? 2 : 10;
  console.log(`\nstores: ${seconds} s of ${name}, seconds beside them`);
  const local = folderStore({ folder: join(folder, "runs") });
  const made = (store: Store, to: string): Promise<number> =>
    timed(() => replay(store, `stub-${to}-${haste}`, recorded, seconds, haste));
  console.log(`  folder  ${((await made(local, "folder")) - seconds).toFixed(2)}`);
  for (const delay of [0, 50, 150]) {
    const network = await startNetwork(server.port, delay / 2);
    const address = new URL(await server.database());
    address.port = String(network.port);
    for (const [name, spool] of [
      ["synchronous", "off"],
      ["spooled", join(folder, `spool-${delay}`)],
    ] as const) {
      const store = postgresStore({ url: address.href, spool });
      await store.list(); // makes the tables
      const more = (await made(store, name)) - seconds;
      console.log(`  ${name}, ${delay} ms round trip  ${more.toFixed(2)}`);
    }
    network.end();
  }
}

/** Two runs of one thread beside each other, against one of two threads twice. */
async function threads(): Promise<void> {
  const steps = quick ? 200 : 1500;
  const run = async (count: number, seed: number): Promise<void> => {
    const set = [`application.steps=${steps}`, "application.previews=0"].flatMap((one) => ["--set", one]);
    const args = [
      main,
      "run",
      "smoke/ring",
      "--seed",
      String(seed),
      "--quiet",
      "--runs",
      join(folder, "trained"),
      ...set,
    ];
    const env = { ...process.env, DSGAN_THREADS: String(count), OMP_NUM_THREADS: String(count) };
    await once(spawn(process.execPath, args, { env, stdio: "ignore" }), "exit");
  };
  const beside = await timed(() => Promise.all([run(1, 0), run(1, 1)]));
  const after = await timed(async () => {
    await run(2, 0);
    await run(2, 1);
  });
  console.log(`\ntrainings (smoke/ring, ${steps} steps): 2 at once with 1 thread ${beside.toFixed(1)} s,`);
  console.log(
    `  one after the other with 2 threads ${after.toFixed(1)} s: ${(after / beside).toFixed(2)} times as long`,
  );
}

/** Workers without jobs: what they hold. */
async function idle(): Promise<void> {
  const n = quick ? 20 : 200;
  const url = await server.database();
  const before = process.memoryUsage().rss;
  const queues = Array.from({ length: n }, () => pgBossJobs({ url }));
  const never: JobHandler = async ({ id }) => ({ kind: "cancelled", run: id });
  for (const jobs of queues) await jobs.work(1, never, { traits });
  await sleep(quick ? 5000 : 30_000);
  const sql = postgres(url, { max: 1 });
  const [row] = await sql<{ n: number }[]>`
    select count(*)::int as n from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()`;
  await sql.end();
  const each = (process.memoryUsage().rss - before) / n / 1e6;
  console.log(
    `\n${n} idle workers: ${row!.n} connections; ${each.toFixed(1)} MB each beside the process that has them`,
  );
  await Promise.all(queues.map((jobs) => jobs.close()));
}

try {
  if (only.includes("growth")) await growth();
  if (only.includes("stores")) await stores();
  if (only.includes("threads")) await threads();
  if (only.includes("idle")) await idle();
} finally {
  await server.end();
  rmSync(folder, { recursive: true, force: true });
}
