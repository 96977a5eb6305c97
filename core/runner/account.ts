/**
 * Keeps account of an application's events over all sessions of a run: which of them readers have seen already, and
 * which metrics they carry.
 *
 * @module
 */
import { RunError } from "../plugin/errors.ts";
import { isOfApplication } from "../run/application-event.ts";
import type { ApplicationEvent, Numbers } from "../run/event.ts";
import type { Past } from "./past.ts";

/** The account of one run. */
export interface Account {
  /** Metrics so far, by name. */
  readonly metrics: Numbers;
  /** How many events the application has yielded so far, in all sessions. */
  count(): number;
  /**
   * Counts an event, and emits it unless an earlier session did.
   * @throws RunError where a metric is not finite, or an earlier session yielded another type of event here
   */
  pass(event: ApplicationEvent): Promise<void>;
}

/**
 * Opens the account of a run, at the checkpoint that it resumes from.
 * @param emit writes an event to the log
 */
export function openAccount(
  { events, checkpoint }: Past,
  emit: (event: ApplicationEvent) => Promise<void>,
): Account {
  const known = events.filter(isOfApplication);
  let count = checkpoint?.record.events ?? 0;
  const metrics: Record<string, number> = { ...checkpoint?.record.metrics };
  return {
    metrics,
    count: () => count,
    async pass(given) {
      const event =
        given.type === "progress" && given.values ? { ...given, values: finiteOf(given.values) } : given;
      const seen = known[count];
      if (seen !== undefined && seen.type !== event.type) {
        throw new RunError(
          `event ${seen.seq} was "${seen.type}" before the run was interrupted, and is "${event.type}" now: ` +
            `what the application yields must depend on nothing but its key and state. Start the run anew`,
        );
      }
      if (event.type === "metrics") Object.assign(metrics, requireFinite(event.values));
      count++;
      if (seen === undefined) await emit(event);
    },
  };
}

/** The finite ones: JSON has no others. */
function finiteOf(values: Numbers): Numbers {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => Number.isFinite(value)));
}

/** @throws RunError where a metric is not finite */
function requireFinite(values: Numbers): Numbers {
  for (const [name, value] of Object.entries(values)) {
    if (!Number.isFinite(value)) throw new RunError(`metric "${name}" is ${value}, not a finite number`);
  }
  return values;
}
