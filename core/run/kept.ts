/**
 * Reads the scenario that a run keeps. Whoever shows runs reads many, some of them made to take long.
 *
 * @module
 */
import { parse } from "yaml";

/**
 * Parses a run's `scenario.yaml`, in a time that grows as the text does. No name is looked for twice, which would take its
 * square: the run wrote each once, and of one that somebody has written again the last stands.
 * @throws Error where the text is damaged
 */
export function parseKept(text: string): unknown {
  return parse(text, { uniqueKeys: false, prettyErrors: false });
}
