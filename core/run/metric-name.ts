/**
 * Names of metrics. Many have numbers in them, such as a budget (`m.pgd@0.1`), which people write in their own ways.
 *
 * @module
 */

/** A number within a name: it does not follow a letter, a digit or a dot, and may be a fraction. */
const NUMBER = /(?<![\p{L}\d.])(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?:\/(\d+(?:\.\d+)?))?(?![\p{L}\d])/gu;

/** How a budget may begin that YAML reads as `0.`: `.1`, `+.1`. */
const SHORT = /@\+?\.(?=\d)/g;

/** A name with each number in it as JavaScript writes it: `m@0.10`, `m@1e-1`, `m@.1` and `m@1/10` are all `m@0.1`. */
export function canonicalName(name: string): string {
  return name
    .replaceAll(SHORT, "@0.")
    .replaceAll(NUMBER, (_whole, above: string, below = "1") => String(Number(above) / Number(below)));
}

/**
 * The one among names that is meant: itself, or else the only one that has the same numbers in the same words.
 * @returns undefined where there is none
 */
export function nameAmong(name: string, names: readonly string[]): string | undefined {
  if (names.includes(name)) return name;
  const sought = canonicalName(name);
  const alike = names.filter((other) => canonicalName(other) === sought);
  return alike.length === 1 ? alike[0] : undefined;
}

/** The value that a name means among those there are, see {@link nameAmong}. */
export function valueNamed<T>(values: Readonly<Record<string, T>>, name: string): T | undefined {
  if (Object.hasOwn(values, name)) return values[name];
  const found = nameAmong(name, Object.keys(values));
  return found === undefined ? undefined : values[found];
}
