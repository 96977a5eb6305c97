/**
 * How large a scenario is: what its run computes grows with the rows it takes at once, the width of its networks, and
 * its steps.
 *
 * @module
 */
import { InputError, type LoadedScenario } from "../../core/mod.ts";

/** The names that options of these have, in the paper's letters and the field's terms. */
const NAMES: Readonly<Record<"rows" | "width" | "steps" | "critic steps", readonly string[]>> = {
  rows: ["m", "n", "batch", "images", "rows", "samples", "labeled", "unlabeled", "validation"],
  width: ["hidden", "filters", "width", "size", "latent", "units", "features"],
  steps: ["steps", "epochs", "iterations", "queries", "restarts"],
  "critic steps": ["k"],
};

/** A number of a scenario. */
interface Found {
  readonly path: readonly string[];
  readonly value: number;
}

/**
 * Holds a scenario to a size: the product of the largest number of rows, the largest width and the most steps that its
 * application names, defaults included; 1 where it names none.
 * @throws InputError that names the numbers
 */
export function requireSize({ scenario, problemAt }: LoadedScenario, most: number): void {
  const numbers = [...numbersIn(scenario.application, ["application"])];
  const largest = Object.values(NAMES).flatMap((names) => {
    const of = numbers.filter(({ path }) => names.includes(path.findLast((name) => !/^\d+$/.test(name))!));
    return of.length === 0 ? [] : [of.reduce((a, b) => (b.value > a.value ? b : a))];
  });
  const size = largest.reduce((product, { value }) => product * Math.max(1, value), 1);
  if (size <= most) return;
  const factors = largest.map(({ path, value }) => `${path.slice(1).join(".")} ${value}`).join(" × ");
  const { path } = largest.reduce((a, b) => (b.value > a.value ? b : a));
  const message = `too large for this server: ${factors} is ${size.toPrecision(3)}, and it takes ${most} (dsgan serve --max-size)`;
  throw new InputError([problemAt(path, message)]);
}

/** The numbers in what a component is made of. */
function* numbersIn(value: unknown, path: readonly string[]): Generator<Found> {
  if (typeof value === "number") yield { path, value };
  if (typeof value !== "object" || value === null) return;
  for (const [name, part] of Object.entries(value)) yield* numbersIn(part, [...path, name]);
}
