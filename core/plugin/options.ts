/**
 * Options: checked against their schema, defaults filled in. A scenario keeps options as they can be written; what a
 * schema transforms them into is seen by the component alone.
 *
 * @module
 */
import { z } from "zod";
import type { Built, Refs } from "./component.ts";
import { InputError } from "./errors.ts";
import { type Checked, check, type Finding, preview, wordingOf } from "./messages.ts";

/**
 * Checks what a program gives to a component's factory, and fills in defaults.
 * @param name of the component, for messages
 * @throws InputError naming every option at fault
 */
export function parseOptions<S extends z.ZodType>(name: string, schema: S, given: unknown): z.output<S> {
  const checked = check<z.output<S>>(schema as z.ZodType<z.output<S>>, given);
  if ("data" in checked) return checked.data;
  throw new InputError(
    checked.findings.map(({ keys, message }) => ({ path: [name, ...keys.map(String)].join("."), message })),
  );
}

/** What a program gives in place of a reference: what the component would have made. */
const MADE = z.custom(
  (value) => typeof value === "object" && value !== null && !("use" in value),
  "expected an object that a component makes, and not its name: a program builds its own parts",
);

/**
 * Checks what a program gives to a factory whose options refer to components, and fills in defaults. Components
 * themselves have no default here: only a scenario's plugins could make one.
 * @param name of the component, for messages
 * @param options the options of the component
 * @param given with what components make in place of references
 * @throws InputError naming every option at fault
 * @example
 * ```ts
 * import { type Dataset, Datasets, type Parts, parseParts, type Refs, z } from "dsgan";
 *
 * const options = (refs: Refs) =>
 *   z.strictObject({ data: refs(Datasets), copies: z.int().positive().default(2) });
 *
 * function repeated(given: Parts<typeof options>): Dataset {
 *   const { data, copies } = parseParts("repeated", options, given);
 *   return { ...data, name: `${data.name} × ${copies}` };
 * }
 *
 * const data: Dataset = { name: "zeros", shape: [1], sample: (key, n) => key.uniform([n, 1], 0, 0) };
 * console.log(repeated({ data }).name); // zeros × 2
 * ```
 */
export function parseParts<S extends z.ZodType>(
  name: string,
  options: (refs: Refs) => S,
  given: unknown,
): Built<S> {
  return parseOptions(name, options((() => MADE) as unknown as Refs), given) as Built<S>;
}

/** How deep defaults may name components with defaults. */
const DEEPEST = 32;

/**
 * Checks until nothing changes: zod takes a default as it stands, so that another look is needed to fill in the
 * defaults of components that a default names.
 */
export function checkSettled<T>(schema: z.ZodType<T>, given: unknown): Checked<T> {
  let checked = check(schema, given);
  for (let depth = 1; "data" in checked; depth++) {
    const unwritable = unwritableIn(checked.data, []);
    if (unwritable !== undefined) return { findings: [unwritable] };
    const again = check(schema, checked.data);
    if ("findings" in again) {
      return {
        findings: again.findings.map((finding) => ({
          ...finding,
          message: `by default: ${finding.message}`,
        })),
      };
    }
    if (JSON.stringify(again.data) === JSON.stringify(checked.data)) return again;
    if (depth > DEEPEST) throw new Error("a component's default names the component itself, without end");
    checked = again;
  }
  return checked;
}

/** The first value within a value that no scenario file can hold: options are written down with a run. */
function unwritableIn(value: unknown, keys: readonly PropertyKey[]): Finding | undefined {
  if (["bigint", "function", "symbol"].includes(typeof value)) {
    const message = `is ${preview(value)} (${typeof value}), which a scenario cannot hold: let the option be text or a number, and transform it`;
    return { keys, message };
  }
  if (typeof value !== "object" || value === null) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    const found = unwritableIn(inner, [...keys, key]);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The object at the beginning of a schema, before it is transformed; undefined where there is none. */
export function objectOf(schema: z.ZodType): z.ZodObject | undefined {
  if (schema instanceof z.ZodObject) return schema;
  return schema instanceof z.ZodPipe ? objectOf(schema.in as z.ZodType) : undefined;
}

/**
 * A component's options with `use` before them: strict, not yet transformed, but refused where a transformation
 * would refuse them.
 */
export function writtenOptions(schema: z.ZodType, use: z.ZodType<string>): z.ZodType {
  const object = objectOf(schema)!;
  const shape = Object.fromEntries(
    Object.entries(object.shape).map(([name, option]) => [name, untransformed(option as z.ZodType)]),
  );
  const checks = (object.def.checks ?? []) as z.core.$ZodCheck<{ use: string }>[];
  const isPlain =
    object === schema && Object.entries(object.shape).every(([name, option]) => shape[name] === option);
  const written = z.strictObject({ use, ...shape });
  return isPlain
    ? written.check(...checks)
    : written.superRefine((value, context) => refuse(schema, value, context));
}

/** Adds what the whole schema, transformations and all, finds wrong with options. */
function refuse(schema: z.ZodType, written: object, context: z.RefinementCtx): void {
  const { use: _, ...options } = written as { readonly use: string };
  try {
    // Not compiled: zod's compiled checks take the promise of an asynchronous transformation for its result.
    const checked = schema.safeParse(options, { error: wordingOf, jitless: true });
    for (const { path, message } of checked.error?.issues ?? []) {
      context.addIssue({ code: "custom", path: [...path], message, input: written });
    }
  } catch (error) {
    if (!(error instanceof z.core.$ZodAsyncError)) throw error; // it is checked where the component is created
  }
}

/** A schema of what can be written: the same without transformations, wherever they stand in it. */
function untransformed(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodPipe) {
    // What comes out of a transformation is no longer what was written; a preprocessor puts it before a schema.
    if (schema.in instanceof z.ZodTransform) return schema;
    return describedAs(schema, untransformed(schema.in as z.ZodType));
  }
  const { def } = schema as z.ZodType & { def: Record<string, unknown> };
  const changed: Record<string, unknown> = {};
  for (const part of ["innerType", "element", "valueType", "rest"]) change(changed, part, def[part]);
  if (schema instanceof z.ZodObject) {
    const shape = mapped(Object.entries(schema.shape) as [string, z.ZodType][]);
    if (shape !== undefined) changed.shape = Object.fromEntries(shape);
  }
  for (const part of ["options", "items"]) {
    const list = def[part];
    if (!Array.isArray(list)) continue;
    const parts = mapped(list.map((inner, i) => [String(i), inner]));
    if (parts !== undefined) changed[part] = parts.map(([, inner]) => inner);
  }
  if (Object.keys(changed).length === 0) return schema;
  return describedAs(schema, schema.clone({ ...schema.def, ...changed } as never));
}

/** A schema in place of another, with its description: zod keeps that with the schema, not in its definition. */
function describedAs({ description }: z.ZodType, schema: z.ZodType): z.ZodType {
  return description === undefined ? schema : schema.describe(description);
}

function change(changed: Record<string, unknown>, part: string, inner: unknown): void {
  if (!(inner instanceof z.ZodType)) return;
  const plain = untransformed(inner);
  if (plain !== inner) changed[part] = plain;
}

/** Untransformed parts by name; undefined where none has changed. */
function mapped(parts: readonly [string, z.ZodType][]): [string, z.ZodType][] | undefined {
  const plain = parts.map(([name, inner]): [string, z.ZodType] => [name, untransformed(inner)]);
  return plain.some(([, inner], i) => inner !== parts[i]![1]) ? plain : undefined;
}
