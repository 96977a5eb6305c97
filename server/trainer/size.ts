/**
 * How large a scenario is: what its run computes grows with the rows it takes at once, the width of its networks, and
 * its steps. Plugins call these as they like, so that their schemas are asked, and not their names: a number that cannot
 * be negative may count something. The product of the four largest is at least rows × width × steps × critic steps,
 * whichever these are. What no option says is bounded where it is taken: by the memory and the time of the process.
 *
 * @module
 */
import { Applications, InputError, type LoadedScenario, refsOf, z } from "../../core/mod.ts";

/** A number of a scenario. */
interface Found {
  readonly path: readonly string[];
  readonly value: number;
}

/** Factors of a size: rows, width, steps and critic steps. */
const FACTORS = 4;

/**
 * Holds a scenario to a size: the product of the four largest numbers of its application that may count something,
 * defaults included. Of a list, its largest counts.
 * @throws InputError that names the numbers
 */
export function requireSize({ scenario, registry, problemAt }: LoadedScenario, most: number): void {
  const schema = refsOf(registry)(Applications);
  const found = countsIn(schema, scenario.application, ["application"]);
  const largest = found.toSorted((a, b) => b.value - a.value).slice(0, FACTORS);
  const size = largest.reduce((product, { value }) => product * value, 1);
  if (size <= most) return;
  const factors = largest.map(({ path, value }) => `${path.slice(1).join(".")} ${value}`).join(" × ");
  const message = `too large for this server: ${factors} is ${size.toPrecision(3)}, and it takes ${most} (dsgan serve --max-size)`;
  throw new InputError([problemAt(largest[0]!.path, message)]);
}

/** Bytes that a scenario may have, every default filled in: seven times what the longest of dsgan's own has. */
const MOST_BYTES = 32 * 1024;

/**
 * Holds a scenario to a length: a server reads it whenever it shows the run.
 * @throws InputError for a longer one
 */
export function requireShort({ scenario }: Pick<LoadedScenario, "scenario">): void {
  const bytes = Buffer.byteLength(JSON.stringify(scenario));
  if (bytes <= MOST_BYTES) return;
  throw new InputError(
    `the scenario, every default filled in, has ${bytes} bytes, and a server takes ${MOST_BYTES}: make it shorter`,
  );
}

/** Kinds of schema that hold no count. */
const NO_COUNT: readonly string[] = ["string", "boolean", "literal", "enum", "null", "undefined", "never"];

/** The numbers of a value that may count something, by its schema; where that says nothing, all that there are. */
function countsIn(schema: z.core.$ZodType, value: unknown, path: readonly string[]): Found[] {
  if (value === undefined || value === null) return [];
  const { def } = (schema as z.core.$ZodTypes)._zod;
  const within = (name: string, part: z.core.$ZodType | null | undefined, inner: unknown): Found[] => {
    const at = [...path, name];
    return part ? countsIn(part, inner, at) : numbersIn(inner, at);
  };
  const members = (partOf: (name: string) => z.core.$ZodType | null | undefined): Found[] =>
    Object.entries(value).flatMap(([name, inner]) => within(name, partOf(name), inner));
  switch (def.type) {
    case "number":
      return ((schema as Partial<z.ZodNumber>).minValue ?? 0) < 0 ? [] : numbersIn(value, path);
    case "object":
      return members((name) => def.shape[name] ?? def.catchall);
    case "record":
      return members(() => def.valueType);
    case "array":
      return largestOf(members(() => def.element));
    case "tuple":
      return members((i) => def.items[Number(i)] ?? def.rest);
    case "union": {
      const option = def.options.find((option) => z.core.safeParse(option, value).success);
      return option === undefined ? numbersIn(value, path) : countsIn(option, value, path);
    }
    case "intersection":
      return [...countsIn(def.left, value, path), ...countsIn(def.right, value, path)];
    case "lazy":
      return countsIn(def.getter(), value, path);
    case "pipe":
      return countsIn(def.in._zod.def.type === "transform" ? def.out : def.in, value, path);
    case "optional":
    case "nullable":
    case "nonoptional":
    case "default":
    case "prefault":
    case "catch":
    case "readonly":
      return countsIn(def.innerType, value, path);
    default:
      return NO_COUNT.includes(def.type) ? [] : numbersIn(value, path);
  }
}

/** Of the numbers in a list the largest, for each place in its items: it is one option that has several values. */
function largestOf(found: readonly Found[]): Found[] {
  const places = Map.groupBy(found, ({ path }) => path.filter((name) => !/^\d+$/.test(name)).join("."));
  return [...places.values()].map((of) => of.reduce((a, b) => (b.value > a.value ? b : a)));
}

/** All numbers in a value, those written as text among them. */
function numbersIn(value: unknown, path: readonly string[]): Found[] {
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).flatMap(([name, inner]) => numbersIn(inner, [...path, name]));
  }
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof number === "number" && number > 1 ? [{ path, value: number }] : [];
}
