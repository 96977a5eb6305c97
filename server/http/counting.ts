/**
 * What counts the requests and streams of an app. It is given to the app, because counting belongs to one process: hosts
 * that start a process for each request have nothing to count.
 *
 * @module
 */
import type { MiddlewareHandler } from "hono";

/** Counts streams and what they send. */
export interface StreamCounter {
  opened(): void;
  closed(): void;
  cutOff(): void;
  sent(bytes: number): void;
}

/** Counts an app's requests and streams. */
export interface Metrics {
  /** Counts and times requests. */
  readonly count: MiddlewareHandler;
  readonly streams: StreamCounter;
  /** The page for Prometheus, and its media type. */
  scrape(): Promise<{ readonly text: string; readonly type: string }>;
}

/** Counts no streams. */
export const noStreamCounter: StreamCounter = {
  opened() {},
  closed() {},
  cutOff() {},
  sent() {},
};
