/**
 * What a scenario expects, read before it is run: reports for a CI name the same cases whatever becomes of the run.
 *
 * @module
 */
import { inWords } from "../../core/run/expectation.ts";
import type { SourceText } from "../../core/scenario/expand.ts";
import { changed, type Override } from "../../core/scenario/override.ts";
import { sourceOf } from "../../core/scenario/source.ts";

/** A bound that a scenario sets on a metric. */
export interface PlannedExpectation {
  readonly metric: string;
  /** The bounds in words, e.g. `at least 0.98`. */
  readonly expected: string;
}

/** What a scenario expects; nothing where it cannot be read. */
export function plannedOf(source: SourceText, overrides: readonly Override[]): readonly PlannedExpectation[] {
  let document: unknown;
  try {
    ({ document } = changed(sourceOf(source).value, overrides));
  } catch {
    return []; // what is wrong with it is told where it is loaded
  }
  const { expect } = document as { readonly expect?: unknown };
  if (typeof expect !== "object" || expect === null) return [];
  return Object.entries(expect).flatMap(([metric, bounds]) =>
    typeof bounds === "object" && bounds !== null ? [{ metric, expected: inWords(bounds) }] : [],
  );
}
