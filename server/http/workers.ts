/**
 * The route that tells who makes runs, and how busy they are.
 *
 * @module
 */
import type { WorkerRecord, WorkerTraits } from "../../core/jobs/jobs.ts";
import { glancesOf, RUN_FILES, type RunGlance, type RunOwner, type Store } from "../../core/run/store.ts";
import type { Logs } from "./logs.ts";
import { UNKNOWN } from "./queue.ts";
import { json, newRoutes, route } from "./route.ts";
import { type WorkersAnswer, workersAnswer } from "./sweep-answers.ts";
import { isSweepId } from "./sweep-book.ts";

const list = route({
  method: "get",
  path: "/api/workers",
  summary: "Who makes runs, and which",
  answers: { 200: json(workersAnswer) },
});

/** The workers of the queues that a host knows. */
export type WorkersOf = () => Promise<readonly WorkerRecord[]>;

/** The route of this module. */
export function workerRoutes(store: Store, logs: Logs, workersOf: WorkersOf) {
  return newRoutes().openapi(list, async (c) => {
    const [records, made] = await Promise.all([workersOf(), underWay(store, logs)]);
    return c.json({ workers: workersWith(records, made) }, 200);
  });
}

type Worker = WorkersAnswer["workers"][number];

/** A run under way, and what is known of the process that makes it. */
interface Made {
  readonly shown: Worker["runs"][number];
  readonly owner: RunOwner;
  /** The job that it is made for. */
  readonly job?: string;
  readonly engine?: string;
  readonly processor?: string;
}

/** Each run with the worker that is at its job; those of no known worker by machine. */
function workersWith(records: readonly WorkerRecord[], made: readonly Made[]): Worker[] {
  const claimed = new Set<Made>();
  const known = records.map(({ id, host, pid, slots, jobs, traits, since }): Worker => {
    const own = made.filter(({ job }) => job !== undefined && jobs.includes(job));
    for (const one of own) claimed.add(one);
    const runs = own.map(({ shown }) => shown);
    const isServer = traits.engine === UNKNOWN.engine && { isServer: true };
    return { ...{ id, host, pid, slots, since }, ...isServer, ...traitsOf(traits, own[0]), runs };
  });
  const others = Map.groupBy(
    made.filter((one) => !claimed.has(one)),
    ({ owner }) => owner.host,
  );
  const machines = [...others].map(([host, own]): Worker => {
    const { engine, processor } = own[0]!;
    const since = own.map(({ owner }) => owner.since).toSorted()[0]!;
    const runs = own.map(({ shown }) => shown);
    return { id: host, host, since, ...(engine && { engine }), ...(processor && { processor }), runs };
  });
  return [...known, ...machines];
}

/** What a worker computes on; of one that does not know, what the run tells that it makes. */
function traitsOf(traits: WorkerTraits, made: Made | undefined): Partial<Worker> {
  if (traits.engine !== UNKNOWN.engine) return traits;
  const { engine, processor } = made ?? {};
  return { ...(engine && { engine }), ...(processor && { processor }) };
}

/** The runs that a process writes now. */
async function underWay(store: Store, logs: Logs): Promise<Made[]> {
  const running: RunGlance[] = [];
  const ids = (await store.list()).filter((id) => !isSweepId(id));
  for await (const glance of glancesOf(store, ids)) if (glance.status === "running") running.push(glance);
  const made = await Promise.all(
    running.map(async ({ run, scenario }): Promise<Made[]> => {
      const { log } = await logs.open(run);
      const owner = await log.reader.owner();
      if (owner === undefined) return [];
      const [{ stages, rate }, about] = await Promise.all([log.digest(), environmentOf(log.reader)]);
      const { step = 0, steps } = stages.at(-1) ?? {};
      const share = steps === undefined ? undefined : Math.min(1, step / steps);
      const shown = { run, scenario, ...(share !== undefined && { share }), ...(rate && { rate }) };
      return [{ shown, owner, ...about }];
    }),
  ).catch(() => []);
  return made.flat();
}

async function environmentOf(reader: {
  read(path: string): Promise<Uint8Array>;
}): Promise<Pick<Made, "job" | "engine" | "processor">> {
  try {
    const text = new TextDecoder().decode(await reader.read(RUN_FILES.environment));
    const { job, engine, cpu } = JSON.parse(text) as {
      readonly job?: unknown;
      readonly engine?: { readonly name?: unknown };
      readonly cpu?: { readonly model?: unknown };
    };
    return {
      ...(typeof job === "string" && { job }),
      ...(typeof engine?.name === "string" && { engine: engine.name }),
      ...(typeof cpu?.model === "string" && { processor: cpu.model }),
    };
  } catch {
    return {}; // not written yet
  }
}
