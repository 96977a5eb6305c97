/**
 * The space of a sweep: which values its settings can take, and which combinations are left out. It is plain data, so
 * that it can be handed to another process.
 *
 * @module
 */
import type { Key } from "../tensor/key.ts";

/** Values of a list, in its order: numbers, texts, lists, components. */
export interface Choices {
  readonly kind: "choices";
  readonly values: readonly unknown[];
}

/** Numbers between two ends, both included. */
export interface Interval {
  readonly kind: "range";
  readonly min: number;
  readonly max: number;
  /** What is spread evenly: the numbers or their logarithms. */
  readonly scale: "linear" | "log";
  /** Whole numbers alone. */
  readonly integer: boolean;
}

/** What one setting can be. */
export type Domain = Choices | Interval;

/** What an excluded combination says of one setting: one of these values, or a number within bounds. */
export type Condition =
  | { readonly values: readonly unknown[] }
  | { readonly atLeast?: number | undefined; readonly atMost?: number | undefined };

/** The settings of a trial: a value for each path that the sweep varies. */
export type Settings = Readonly<Record<string, unknown>>;

/** All combinations that a search may try. */
export interface Space {
  /** By path in the scenario, in the order of the sweep file. */
  readonly domains: Readonly<Record<string, Domain>>;
  /** Combinations that are left out: those that meet every condition of an entry. */
  readonly exclude: readonly Readonly<Record<string, Condition>>[];
}

/** JSON with the names of mappings sorted: the same text for the same value, however it is written. */
export function canonical(value: unknown): string {
  const sorted = (_: string, inner: unknown): unknown =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner;
  return JSON.stringify(value, sorted) ?? "null";
}

/** Whether two values are the same as a scenario would write them. */
export function sameValue(a: unknown, b: unknown): boolean {
  return canonical(a) === canonical(b);
}

/** How many combinations there are, those left out included; infinite where a setting is continuous. */
export function sizeOfSpace({ domains }: Space): number {
  return Object.values(domains).reduce((product, domain) => product * sizeOfDomain(domain), 1);
}

/** How many values a setting has. */
export function sizeOfDomain(domain: Domain): number {
  if (domain.kind === "choices") return domain.values.length;
  return domain.integer ? domain.max - domain.min + 1 : Number.POSITIVE_INFINITY;
}

/** Whether a search may try a combination: each setting has a value of its own, and no exclusion fits. */
export function allows(space: Space, settings: Settings): boolean {
  const paths = Object.keys(space.domains);
  return (
    Object.keys(settings).length === paths.length &&
    paths.every((path) => path in settings && holds(space.domains[path]!, settings[path])) &&
    !isExcluded(space, settings)
  );
}

function holds(domain: Domain, value: unknown): boolean {
  if (domain.kind === "choices") return domain.values.some((choice) => sameValue(choice, value));
  const { min, max, integer } = domain;
  return typeof value === "number" && value >= min && value <= max && (!integer || Number.isInteger(value));
}

/** Whether a combination is left out. */
export function isExcluded({ exclude }: Space, settings: Settings): boolean {
  return exclude.some((entry) =>
    Object.entries(entry).every(([path, condition]) => meets(condition, settings[path])),
  );
}

function meets(condition: Condition, value: unknown): boolean {
  if ("values" in condition) return condition.values.some((one) => sameValue(one, value));
  const { atLeast = Number.NEGATIVE_INFINITY, atMost = Number.POSITIVE_INFINITY } = condition;
  return typeof value === "number" && value >= atLeast && value <= atMost;
}

/**
 * Every combination that is allowed, the last setting changing fastest.
 * @throws RangeError where a setting is continuous
 */
export function* combinations(space: Space): Generator<Settings, undefined> {
  const entries = Object.entries(space.domains);
  const walk = function* (i: number, before: Settings): Generator<Settings> {
    const entry = entries[i];
    if (entry === undefined) {
      if (!isExcluded(space, before)) yield before;
      return;
    }
    const [path, domain] = entry;
    for (const value of valuesOf(domain)) yield* walk(i + 1, { ...before, [path]: value });
  };
  yield* walk(0, {});
  return undefined;
}

/** Every value of a setting, in order. @throws RangeError where it is continuous */
export function valuesOf(domain: Domain): readonly unknown[] {
  if (domain.kind === "choices") return domain.values;
  const size = sizeOfDomain(domain);
  if (!Number.isFinite(size)) throw new RangeError("a continuous setting has no list of values");
  return Array.from({ length: size }, (_, i) => domain.min + i);
}

/** Spaces of this many combinations at most are shuffled as a whole; of larger ones combinations are drawn. */
const SHUFFLED = 4096;
/** Draws in a row that give nothing new, after which nothing new is thought to be left. */
const PATIENCE = 10_000;

/** Allowed combinations in random order, none of them twice: a function of the key alone. */
export function* drawn(space: Space, key: Key): Generator<Settings, undefined> {
  if (sizeOfSpace(space) <= SHUFFLED) {
    const all = [...combinations(space)];
    for (const i of key.fold("order").permutation(all.length)) yield all[i]!;
    return undefined;
  }
  const seen = new Set<string>();
  for (let draw = 0, last = 0; draw - last < PATIENCE; draw++) {
    const settings = drawOne(space, key.fold("draw", draw));
    const name = canonical(settings);
    if (seen.has(name) || isExcluded(space, settings)) continue;
    seen.add(name);
    last = draw;
    yield settings;
  }
  return undefined;
}

function drawOne({ domains }: Space, key: Key): Settings {
  return Object.fromEntries(
    Object.entries(domains).map(([path, domain]) => [path, valueAtShare(domain, share(key.fold(path)))]),
  );
}

/** A number in [0, 1), of 53 random bits. */
function share(key: Key): number {
  const next = key.bits();
  return ((next() >>> 5) * 2 ** 26 + (next() >>> 6)) * 2 ** -53;
}

/** The value at a share of a setting's domain, in [0, 1). */
function valueAtShare(domain: Domain, u: number): unknown {
  if (domain.kind === "choices") return domain.values[Math.floor(u * domain.values.length)];
  const { min, max, scale, integer } = domain;
  // Of whole numbers, each has the stretch from half below it to half above it.
  const [low, high] = integer ? [min - 0.5, max + 0.5] : [min, max];
  const value =
    scale === "log" ? Math.exp(Math.log(low) + u * (Math.log(high) - Math.log(low))) : low + u * (high - low);
  return rounded(domain, value);
}

/** Digits of a drawn number: enough for any setting, and short enough to be read and typed. */
const DIGITS = 6;

/** A number as a setting takes it: whole, or of a few digits, and within its range. */
export function rounded({ min, max, integer }: Interval, value: number): number {
  const near = integer ? Math.round(value) : Number(value.toPrecision(DIGITS));
  return Math.min(max, Math.max(min, near));
}
