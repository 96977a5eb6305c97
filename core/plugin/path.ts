/**
 * Options that name a file, a folder or a URL: their schema says so, whatever their values look like.
 *
 * @module
 */
import { z } from "zod";

/** Gets the places that are checked, while {@link placesIn} looks. */
let found: Set<string> | undefined;

/**
 * The schema of an option that names a file, a folder or a URL. Scenarios that come from outside may only name those that
 * whoever runs them has allowed. Pass the value to `context.locate`.
 * @example
 * ```ts
 * import { path, z } from "dsgan";
 *
 * const options = z.strictObject({ file: path().describe("The table: a path from the scenario, or a URL.") });
 * console.log(options.parse({ file: "table.csv" })); // { file: "table.csv" }
 * ```
 */
export function path(): z.ZodString {
  return z
    .string()
    .min(1)
    .check(({ value }) => void found?.add(value))
    .meta({ format: "uri-reference" });
}

/** The values that schemas of {@link path} see while something is done. */
export function placesIn(act: () => void): ReadonlySet<string> {
  const before = found;
  const places = new Set<string>();
  found = places;
  try {
    act();
  } finally {
    found = before;
  }
  return places;
}
