/**
 * How a session ends: expectations are judged, the result is written, then the event `ended`.
 *
 * @module
 */
import { InputError } from "../plugin/errors.ts";
import type { RunEvent } from "../run/event.ts";
import { type ExpectationResult, judgeExpectations } from "../run/expectation.ts";
import {
  RUN_FILES,
  type RunFailure,
  type RunReader,
  type RunResult,
  type RunWriter,
  type Store,
} from "../run/store.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { discreetFailure } from "./failure.ts";
import { openLog, type RunLog } from "./log.ts";
import { NO_ENGINE } from "./opening.ts";
import { knownOutside } from "./reopen.ts";

/** How a session went, before the scenario's expectations are judged. */
export type Outcome =
  | { readonly status: "passed" | "cancelled" | "paused" }
  | { readonly status: "failed"; readonly error: RunFailure };

/** What a session came to. */
export interface Conclusion {
  readonly outcome: Outcome;
  readonly metrics: RunResult["metrics"];
  /** Wall time of the run over all sessions. */
  readonly seconds: number;
}

/**
 * Ends a session.
 * @param past the events of earlier sessions
 */
export async function conclude(
  { outcome, metrics, seconds }: Conclusion,
  { name, expect }: Scenario,
  writer: RunWriter,
  log: RunLog,
  past: readonly RunEvent[],
): Promise<void> {
  const expectations = outcome.status === "passed" ? judgeExpectations(expect, metrics) : [];
  const known = new Set(lastExpectations(past).map(({ metric }) => metric));
  for (const expectation of expectations) {
    if (!known.has(expectation.metric)) await twice(() => log.emit({ type: "expectation", ...expectation }));
  }
  await end(writer, log, {
    run: writer.id,
    scenario: name,
    status: expectations.every(({ met }) => met) ? outcome.status : "missed",
    metrics,
    expectations,
    seconds,
    ...("error" in outcome && { error: outcome.error }),
  });
}

/** Expectations that a session judged which was interrupted before its end. */
function lastExpectations(events: readonly RunEvent[]): ExpectationResult[] {
  const start = events.findLastIndex(({ type }) => type === "ended" || type === "resumed");
  return events.slice(start + 1).filter((event) => event.type === "expectation");
}

/** Writes the result, then the event that says it is there. */
export async function end(writer: RunWriter, log: RunLog, result: RunResult): Promise<void> {
  const { status, seconds, error } = result;
  await twice(() => writer.write(RUN_FILES.result, `${JSON.stringify(result, null, 2)}\n`));
  await twice(() => log.emit({ type: "ended", status, seconds, ...(error && { error: error.message }) }));
}

/** Tries a second time: a store may reserve room for the end of a run, and release it when the disk is full. */
export async function twice(write: () => Promise<void>): Promise<void> {
  await write().catch(write);
}

/** Ends a run as failed whose process is gone, as {@link recordEnd} does. @param error why it failed */
export async function recordFailure(
  store: Store,
  id: string,
  error: Omit<RunFailure, "kind">,
  epoch: number,
): Promise<readonly RunEvent[]> {
  return await recordEnd(store, id, { status: "failed", error: { kind: "run", ...error } }, epoch);
}

/**
 * Ends a run whose process is gone, for whoever watched it.
 * @param epoch of the writer that the process was
 * @returns the events that say so
 * @throws as the store does; an InputError where the run has ended, or another process has written it since
 */
export async function recordEnd(
  store: Store,
  id: string,
  outcome: Outcome,
  epoch: number,
): Promise<readonly RunEvent[]> {
  const writer = await store.resume(id, { gone: epoch });
  try {
    if (writer.epoch !== epoch + 1) throw new InputError(`run ${id} was taken over by another process since`);
    const reader = await store.open(id);
    const past = await reader.events();
    const first = past.find((event) => event.type === "started");
    const last = past.at(-1);
    if (last?.type === "ended" && (last.status === "passed" || last.status === "missed"))
      throw new InputError(`run ${id} has ended (${last.status})`);
    const scenario = first?.scenario ?? id;
    const added: RunEvent[] = [];
    const log = openLog(writer, past, (event) => void added.push(event));
    if (last?.type === "ended") {
      // The process died before it could say that it had resumed the run.
      await twice(() => log.emit({ type: "resumed", from: null, engine: NO_ENGINE, notes: [] }));
    }
    if (last === undefined) {
      const { location } = writer;
      const started = { run: id, scenario, application: "", seed: 0, engine: NO_ENGINE, location };
      await twice(() => log.emit({ type: "started", ...started }));
    }
    const between = last && first ? Date.parse(last.time) - Date.parse(first.time) : 0;
    await end(writer, log, {
      run: id,
      scenario,
      metrics: {},
      expectations: [],
      seconds: Math.max(0, between) / 1000, // clocks are set back now and then
      ...(await toldOutside(outcome, reader)),
    });
    return added;
  } finally {
    await writer.close();
  }
}

/** An outcome as it may be told of a run whose scenario came from outside. */
async function toldOutside(outcome: Outcome, reader: RunReader): Promise<Outcome> {
  const known = "error" in outcome ? await knownOutside(reader) : undefined;
  return known && "error" in outcome ? { ...outcome, error: discreetFailure(outcome.error, known) } : outcome;
}
