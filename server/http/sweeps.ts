/**
 * Routes that list sweeps, say how one stands and what its trials came to, and cancel it.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { readingOf } from "../../core/run/reading.ts";
import type { RunGlance, Store } from "../../core/run/store.ts";
import { bestOf } from "../../core/sweep/search.ts";
import type { Spread } from "../statistics/sample.ts";
import { shortNames, trialOutcomes } from "../sweep/outcome.ts";
import { streamed } from "./events.ts";
import type { Logs } from "./logs.ts";
import { notFound, Refusal } from "./problem.ts";
import { streamQuery } from "./requests.ts";
import { json, newRoutes, route } from "./route.ts";
import type { Runner } from "./runner.ts";
import type { EventStreams } from "./stream.ts";
import {
  type SweepItem,
  type SweepSummary,
  sweepCancelAnswer,
  sweepSummary,
  sweepsAnswer,
  type TrialsAnswer,
  trialsAnswer,
} from "./sweep-answers.ts";
import type { KnownSweep, SweepBook } from "./sweep-book.ts";

const params = z.object({ id: z.string().openapi({ description: "Id of the sweep." }) });

const list = route({
  method: "get",
  path: "/api/sweeps",
  summary: "Sweeps, newest first",
  answers: { 200: json(sweepsAnswer) },
});

const summary = route({
  method: "get",
  path: "/api/sweeps/{id}",
  summary: "How a sweep stands",
  request: { params },
  answers: { 200: json(sweepSummary) },
});

const trials = route({
  method: "get",
  path: "/api/sweeps/{id}/trials",
  summary: "Trials of a sweep: settings, and metrics over the seeds",
  request: { params },
  answers: { 200: json(trialsAnswer) },
});

const stream = route({
  method: "get",
  path: "/api/sweeps/{id}/stream",
  summary: "Events of a sweep as server-sent events: jobs that are put, and what they came to",
  request: { params, query: streamQuery },
  answers: { 200: { "text/event-stream": { schema: z.string() } } },
});

const cancel = route({
  method: "post",
  path: "/api/sweeps/{id}/cancel",
  summary: "Stop a sweep: its runs write checkpoints, and it can be resumed",
  request: { params },
  answers: { 202: json(sweepCancelAnswer) },
});

/** What the routes of this module work on. */
export interface Sweeps {
  readonly store: Store;
  readonly logs: Logs;
  readonly book: SweepBook;
  readonly streams: EventStreams;
  /** Absent where this host only shows sweeps. */
  readonly runner: Runner | undefined;
}

/** The routes of this module. */
export function sweepRoutes({ store, logs, book, streams, runner }: Sweeps) {
  return newRoutes()
    .openapi(list, async (c) => {
      const glances = await book.list();
      const sweeps = await Promise.all(
        glances.map(async (glance) => {
          const known = await book.open(glance.run).catch(() => undefined); // damaged, or gone in the meantime
          return known === undefined ? [] : [await itemOf(glance, known)];
        }),
      );
      return c.json({ sweeps: sweeps.flat() }, 200);
    })
    .openapi(summary, async (c) => {
      const known = await book.open(c.req.param("id"));
      return c.json(await summed(await store.glance(known.log.reader.id).catch(notFound), known), 200);
    })
    .openapi(trials, async (c) => c.json(await triedBy(await book.open(c.req.param("id")), logs), 200))
    .openapi(stream, async (c) => {
      await book.open(c.req.param("id"));
      return await streamed(c, c.req.valid("query"), logs, streams);
    })
    .openapi(cancel, async (c) => {
      if (runner === undefined)
        throw new Refusal(501, "this host only shows runs: it has no runner to stop them");
      const { log } = await book.open(c.req.param("id"));
      const { id } = log.reader;
      const owner = await log.reader.owner();
      if (owner === undefined) {
        const { status } = await store.glance(id).catch(notFound);
        throw new Refusal(409, `sweep ${id} is not running: it is ${status}`);
      }
      if (runner.cancel(id, owner)) return c.json({ sweep: id, cancelling: true } as const, 202);
      const by = `process ${owner.pid} on ${owner.host}`;
      throw new Refusal(409, `sweep ${id} cannot be stopped from here: ${by} hosts it. Stop it there`);
    });
}

/** A sweep as the list has it. */
async function itemOf(glance: RunGlance, known: KnownSweep): Promise<SweepItem> {
  const { log, terms, records } = known;
  const { description, scenario, search, goal, seeds } = terms;
  const outcomes = trialsOf({ terms, records });
  const best = goal && bestOf(outcomes, goal);
  const over = records.filter(({ outcome }) => outcome !== undefined);
  const total = (await log.digest()).stages.at(-1)?.steps;
  return {
    sweep: glance.run,
    name: glance.scenario,
    ...(description !== undefined && { description }),
    ...{ scenario, status: glance.status, began: glance.began, seconds: secondsOf(glance, known), search },
    ...(goal && { goal }),
    seeds,
    jobs: {
      put: records.length,
      over: over.length,
      failed: over.filter(({ outcome }) => outcome?.kind === "failed").length,
      ...(total !== undefined && { total: Math.max(total, records.length) }),
    },
    trials: outcomes.length,
    ...(best && { best: { trial: best.id, settings: best.settings, score: readingOf(best.scores.at(-1)!) } }),
  };
}

/** Wall time of its hosts: up to now while it has one, which may say nothing for hours. */
function secondsOf({ status }: RunGlance, { seconds, seen }: KnownSweep): number {
  if (status !== "running" || seen === undefined) return seconds;
  return seconds + Math.max(0, Date.now() - Date.parse(seen)) / 1000;
}

function trialsOf({ terms, records }: Pick<KnownSweep, "terms" | "records">) {
  return trialOutcomes({ sweep: { seeds: terms.seeds }, goal: terms.goal }, records);
}

async function summed(glance: RunGlance, known: KnownSweep): Promise<SweepSummary> {
  const { log, terms } = known;
  const [item, digest, owner] = await Promise.all([itemOf(glance, known), log.digest(), log.reader.owner()]);
  const isOver = glance.status !== "running";
  const error = isOver ? digest.ended?.error : undefined;
  return {
    ...item,
    events: digest.last,
    vary: terms.vary,
    rungs: terms.rungs,
    ...(owner && { host: { host: owner.host, pid: owner.pid } }),
    metrics: isOver ? digest.metrics : {},
    expectations: isOver ? digest.expectations : [],
    ...(error !== undefined && { error }),
  };
}

type TrialRow = TrialsAnswer["trials"][number];

/** The trials with their runs. */
async function triedBy({ terms, records }: KnownSweep, logs: Logs): Promise<TrialsAnswer> {
  const { goal } = terms;
  const outcomes = trialsOf({ terms, records });
  const names = new Set([...(goal ? [goal.metric] : []), ...outcomes.flatMap((o) => Object.keys(o.metrics))]);
  const rows = outcomes.map(async ({ id, metrics, scores, ...rest }): Promise<TrialRow> => {
    // The newest job of a run tells how the run stands.
    const newest = new Map(
      records.filter(({ job }) => job.trial === id).map((record) => [record.job.run, record]),
    );
    const runs = [...newest.values()].map(async ({ job: { run, seed }, outcome }) => {
      const share = outcome === undefined ? await shareOf(run, logs) : undefined;
      const state = outcome?.kind ?? (share === undefined ? ("waiting" as const) : ("running" as const));
      return { run, seed, state, ...(share !== undefined && { share }) };
    });
    const spreads = Object.fromEntries(Object.entries(metrics).map(([name, of]) => [name, spreadOf(of)]));
    const told = { metrics: spreads, scores: scores.map(readingOf) };
    return { trial: id, ...told, ...rest, runs: await Promise.all(runs) };
  });
  const paths = [...new Set(outcomes.flatMap(({ settings }) => Object.keys(settings)))];
  return {
    paths,
    names: Object.fromEntries(shortNames(paths, [...names])),
    metrics: [...names],
    trials: await Promise.all(rows),
  };
}

/** A spread as JSON can hold it. */
function spreadOf({ mean, deviation, interval, values }: Spread): TrialRow["metrics"][string] {
  return {
    ...{ mean: readingOf(mean), deviation: readingOf(deviation), values: values.map(readingOf) },
    ...(interval && { interval: interval.map(readingOf) }),
  };
}

/** How far a run is; undefined where it has not begun, or waits. */
export async function shareOf(run: string, logs: Logs): Promise<number | undefined> {
  try {
    const { log, position } = await logs.open(run);
    if (position.over) return undefined;
    const { step = 0, steps } = (await log.digest()).stages.at(-1) ?? {};
    return steps === undefined ? 0 : Math.min(1, step / steps);
  } catch {
    return undefined; // there is no such run yet
  }
}
