/**
 * Keeps account of an application's events over all sessions of a run: which of them readers have seen already, and
 * which metrics they carry.
 *
 * @module
 */
import { RunError } from "../plugin/errors.ts";
import { isOfApplication } from "../run/application-event.ts";
import {
  type ApplicationEvent,
  type ApplicationEventType,
  type EventBody,
  type Reading,
  type Readings,
  readingsOf,
} from "../run/event.ts";
import type { Past } from "./past.ts";

/** The account of one run. */
export interface Account {
  /** Metrics so far, by name. */
  readonly metrics: Readings;
  /** How many events the application has yielded so far, in all sessions. */
  count(): number;
  /**
   * Counts an event, and emits it unless an earlier session did.
   * @throws RunError where an earlier session yielded another type of event here
   */
  pass(event: ApplicationEvent): Promise<void>;
}

/**
 * Opens the account of a run, at the checkpoint that it resumes from.
 * @param emit writes an event to the log
 */
export function openAccount(
  { events, checkpoint }: Past,
  emit: (event: EventBody<ApplicationEventType>) => Promise<void>,
): Account {
  const known = events.filter(isOfApplication);
  let count = checkpoint?.record.events ?? 0;
  const metrics: Record<string, Reading> = { ...checkpoint?.record.metrics };
  return {
    metrics,
    count: () => count,
    async pass(given) {
      const event = inJson(given);
      const seen = known[count];
      if (seen !== undefined && seen.type !== event.type) {
        throw new RunError(
          `event ${seen.seq} was "${seen.type}" before the run was interrupted, and is "${event.type}" now: ` +
            `what the application yields must depend on nothing but its key and state. Start the run anew`,
        );
      }
      if (event.type === "metrics") Object.assign(metrics, event.values);
      count++;
      if (seen === undefined) await emit(event);
    },
  };
}

/** An event as JSON can hold it. */
function inJson(event: ApplicationEvent): EventBody<ApplicationEventType> {
  if ((event.type !== "progress" && event.type !== "metrics") || event.values === undefined) return event;
  return { ...event, values: readingsOf(event.values) };
}
