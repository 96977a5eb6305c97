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

/** Digits from which on a number is no decimal that people write. */
const LONG = 7;

/** Denominators looked for: of simple fractions, then levels of a pixel, then all up to a thousand. */
const DENOMINATORS = [3, 6, 7, 9, 11, 12, 255, ...Array.from({ length: 999 }, (_, i) => i + 2)];

/**
 * A number as people of the field write it: `8/255` where the decimal has no end, `0.1` as it is. What `8/255` was written
 * as is not known any more: equal numbers read alike.
 */
export function fractionText(value: number): string {
  const text = String(value);
  const digits = text
    .replace(/e.*$/, "")
    .replace(/^[-0.]*/, "")
    .replace(".", "").length;
  if (!(value > 0) || Number.isInteger(value) || digits < LONG) return text;
  const below = DENOMINATORS.find((of) => {
    const nearest = Math.round(value * of) / of;
    // tables are rounded to seven digits, which tell 255 denominators apart, and not a thousand
    return nearest === value || (of === 255 && Number(nearest.toPrecision(digits)) === value);
  });
  return below === undefined ? text : `${Math.round(value * below)}/${below}`;
}

/** A name as it is shown to people: `m.pgd@8/255` for `m.pgd@0.03137254901960784`, and else itself. */
export function readableName(name: string): string {
  return name.replaceAll(NUMBER, (whole, above: string, below?: string) => {
    if (below !== undefined) return whole;
    const text = fractionText(Number(above));
    return text.includes("/") ? text : whole;
  });
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
