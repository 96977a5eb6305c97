/**
 * Names of trials and runs: functions of what they are, so that work done twice is the same work.
 *
 * @module
 */
import { namesOf } from "../scenario/path.ts";
import { Key } from "../tensor/key.ts";
import { canonical, type Settings } from "./space.ts";

/** Characters of a trial's id that tell its settings. */
const READABLE = 48;

/**
 * The id of a trial: the sweep's name, the settings as far as they fit, and a hash of the settings with all else that
 * decides its results.
 * @param sweep its name
 * @param scenario the checked scenario that the trial runs, without its seed
 */
export function trialId(sweep: string, settings: Settings, scenario: unknown): string {
  const told = Object.entries(settings)
    .map(([path, value]) => wordOf(`${namesOf(path).at(-1)}${shortly(value)}`))
    .join("-")
    .slice(0, READABLE)
    .replace(/[-.]+$/, "");
  return [sweep, told, hashOf([settings, scenario])].filter((part) => part !== "").join("-");
}

/** The id of a run of a trial. */
export function runIdOf(trial: string, seed: number): string {
  return `${trial}-seed${seed}`;
}

/** A value in a word: a component by its name, a list by its items. */
function shortly(value: unknown): string {
  if (typeof value === "string") return `-${value}`;
  if (Array.isArray(value))
    return value.map((item, i) => shortly(item).replace(/^-/, i === 0 ? "" : "x")).join("x");
  if (typeof value !== "object" || value === null) return String(value);
  const { use } = value as { use?: unknown };
  return typeof use === "string" ? `-${use}` : "";
}

function wordOf(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9.-]+/g, "").replace(/^[-.]+/, "");
}

/** Twelve hexadecimal digits. */
function hashOf(value: unknown): string {
  const next = Key.from(canonical(value)).bits();
  const word = (): string => next().toString(16).padStart(8, "0");
  return `${word()}${word()}`.slice(0, 12);
}
