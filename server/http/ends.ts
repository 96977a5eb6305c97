/**
 * Tells when runs and sweeps of a store end, whoever makes them, and tells it on to a URL.
 *
 * @module
 */
import { messageOf } from "../../core/plugin/errors.ts";
import type { Readings } from "../../core/run/reading.ts";
import { glancesOf, type RunGlance, type RunResult, type Store } from "../../core/run/store.ts";
import { outside } from "../events/outside.ts";
import { duration, number } from "../report/format.ts";
import { isSweepId } from "./sweep-book.ts";

/** What is told of a run or a sweep that has ended. */
export interface EndNotice {
  readonly type: "run" | "sweep";
  readonly run: string;
  readonly scenario: string;
  readonly status: RunGlance["status"];
  readonly seconds?: number;
  readonly metrics: Readings;
  readonly expectations: RunResult["expectations"];
  readonly error?: string;
  /** All of it in a line: what chats show of a message to their webhooks. */
  readonly text: string;
}

/** Seconds between two looks. */
const EVERY = 5;

/**
 * Watches the runs of a store from now on.
 * @param tell called once for each run that ends
 * @param seconds between two looks, 5 unless given
 * @returns ends that
 */
export function watchEnds(store: Store, tell: (notice: EndNotice) => void, seconds = EVERY): () => void {
  let known: Map<string, boolean> | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isClosed = false;

  const look = async (): Promise<void> => {
    const ids = await store.list();
    const before = known;
    const now = new Map<string, boolean>();
    // What was over at the last look stays so, unless it is resumed, which the first running glance tells.
    for await (const glance of glancesOf(store, ids)) {
      const isRunning = glance.status === "running";
      now.set(glance.run, isRunning);
      const was = before?.get(glance.run);
      const hasEnded = !isRunning && (was === true || (was === undefined && glance.seconds !== undefined));
      if (before !== undefined && hasEnded) tell(await noticeOf(store, glance));
    }
    known = now;
  };
  const again = async (): Promise<void> => {
    await look().catch(() => {}); // the store may be away for a while
    if (!isClosed) timer = setTimeout(again, seconds * 1000);
  };
  void again();
  return () => {
    isClosed = true;
    clearTimeout(timer);
  };
}

async function noticeOf(store: Store, glance: RunGlance): Promise<EndNotice> {
  const { run, scenario, status, seconds } = glance;
  const result = await outside(store)
    .open(run)
    .then((reader) => reader.result())
    .catch(() => undefined);
  const { metrics = {}, expectations = [] } = result ?? {};
  const type = isSweepId(run) ? "sweep" : "run";
  const error = result?.error?.message;
  const told: Omit<EndNotice, "text"> = {
    ...{ type, run, scenario, status, metrics, expectations },
    ...(seconds !== undefined && { seconds }),
    ...(error !== undefined && { error }),
  };
  return { ...told, text: inALine(told) };
}

function inALine({
  type,
  run,
  scenario,
  status,
  seconds,
  expectations,
  error,
}: Omit<EndNotice, "text">): string {
  const took = seconds === undefined ? "" : ` after ${duration(seconds)}`;
  const judged = expectations.map(
    ({ metric, value, met }) =>
      `${metric} ${value === undefined ? "–" : number(value)}${met ? "" : " (missed)"}`,
  );
  const why = error === undefined ? judged.join(", ") : error.split("\n")[0]!;
  return `${type} ${scenario} ${status}${took}${why === "" ? "" : `: ${why}`} (${run})`;
}

/** Milliseconds that a request may take, and before each try of one. */
const PATIENCE_MS = 10_000;
const TRIES_MS = [0, 2_000, 10_000];

/**
 * Sends a notice to a URL as JSON, trying again where that fails.
 * @param wait milliseconds before each try
 * @throws Error where no try came through
 */
export async function sendNotice(
  url: string,
  notice: EndNotice,
  wait: readonly number[] = TRIES_MS,
): Promise<void> {
  let reason = "";
  for (const pause of wait) {
    await new Promise((resolve) => setTimeout(resolve, pause));
    try {
      const answer = await fetch(url, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(notice),
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      await answer.body?.cancel();
      if (answer.ok) return;
      reason = `it answers ${answer.status}`;
    } catch (error) {
      reason = messageOf(error);
    }
  }
  throw new Error(`the end of ${notice.run} could not be told: ${reason}`);
}
