/**
 * What to say of a name that nobody knows.
 *
 * @module
 */
import { distance } from "fastest-levenshtein";

/** `unknown objective "wgan-pg"; did you mean "wgan-gp"? Registered: …`. */
export function unknownName(kind: string, name: string, known: readonly string[]): string {
  const list = known.length === 0 ? "none" : [...known].sort().join(", ");
  const hint = meant(name, known);
  return `unknown ${kind} ${JSON.stringify(clipped(name))}${hint === "" ? "." : hint} Registered: ${list}`;
}

/** Longest name in a message. */
const LONGEST = 100;

function clipped(name: string): string {
  return name.length > LONGEST ? `${name.slice(0, LONGEST - 3)}...` : name;
}

/** `; did you mean "wgan-gp"?`, or nothing where no known name is near. */
export function meant(name: string, known: readonly string[]): string {
  const found = nearest(name, known);
  return found === undefined ? "" : `; did you mean ${JSON.stringify(found)}?`;
}

/** The known name that a misspelt one most probably means. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((candidate) => ({ candidate, away: distance(name.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.away - b.away);
  const best = ranked[0];
  const near = best !== undefined && best.away <= Math.max(2, name.length / 3) && best.away < name.length;
  return near ? best.candidate : undefined;
}
