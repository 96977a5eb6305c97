/**
 * Overrides from the command line: `--set path=value`, and the shorter `--seed` and `--engine`.
 *
 * @module
 */
import { InputError } from "../../core/plugin/errors.ts";
import type { Override } from "../../core/scenario/override.ts";
import { splitAssignment } from "../../core/scenario/path.ts";

/** The options that change a scenario. */
export interface OverrideOptions {
  /** `path=value` each. */
  readonly set?: readonly string[];
  readonly seed?: string;
  readonly engine?: string;
}

/** @throws InputError for a `--set` without `=` */
export function overridesOf({ set = [], seed, engine }: OverrideOptions): Override[] {
  const overrides = set.map((text): Override => {
    const split = splitAssignment(text);
    if (split !== undefined) return split;
    throw new InputError(`--set ${text}: expected path=value, such as application.target.alpha=0.3`);
  });
  if (seed !== undefined) overrides.push({ path: "seed", value: seed });
  if (engine !== undefined) overrides.push({ path: "engine", value: engine });
  return overrides;
}
