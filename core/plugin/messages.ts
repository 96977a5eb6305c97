/**
 * What a schema found wrong, in words for whoever wrote the scenario.
 *
 * @module
 */
import type { z } from "zod";
import { causeOfIssue } from "./guard.ts";
import { meant } from "./suggest.ts";

/** Something wrong at a path, given as keys, the last of which may not exist. */
export interface Finding {
  readonly keys: readonly PropertyKey[];
  readonly message: string;
  /** What a plugin's check threw, where it did. */
  readonly cause?: unknown;
}

/** A value that passed, or all that is wrong with it. */
export type Checked<T> = { readonly data: T } | { readonly findings: readonly Finding[] };

/** Checks a value, wording all that is wrong with it. */
export function check<T>(schema: z.ZodType<T>, given: unknown): Checked<T> {
  const checked = schema.safeParse(given, { error: wordingOf });
  return checked.success
    ? { data: checked.data }
    : { findings: checked.error.issues.filter(isCause).flatMap((issue) => findingsOf(issue, given, [])) };
}

/** Whether an issue is more than a consequence: a rule about a whole may be broken by a part that is wrong itself. */
function isCause(issue: z.core.$ZodIssue, _: number, all: readonly z.core.$ZodIssue[]): boolean {
  const within = (other: z.core.$ZodIssue): boolean =>
    other !== issue && issue.path.every((key, i) => other.path[i] === key);
  return issue.code !== "custom" || !all.some((other) => other.code !== "custom" && within(other));
}

const TYPES: Readonly<Record<string, string>> = {
  array: "a list",
  boolean: "true or false",
  int: "a whole number",
  nan: "not a number",
  null: "null",
  number: "a number",
  object: "a mapping",
  record: "a mapping",
  string: "a string",
  tuple: "a list",
};

/** Words one issue where its schema has no words of its own. The value seen is added by {@link findingsOf}. */
export function wordingOf(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      if (isWhole(issue.inst)) return "expected a whole number";
      return issue.expected === "number" && typeof issue.input === "number"
        ? "expected a finite number"
        : `expected ${TYPES[issue.expected] ?? issue.expected}`;
    case "invalid_value":
      return `expected ${issue.values.length > 1 ? "one of " : ""}${issue.values.map((v) => preview(v)).join(", ")}`;
    case "too_small":
    case "too_big":
      return `expected ${limit(issue)}`;
    case "not_multiple_of":
      return `expected a multiple of ${issue.divisor}`;
    case "unrecognized_keys":
      // Only names: findingsOf makes one finding of each unknown key.
      return JSON.stringify(knownKeys(issue.inst));
    case "invalid_key": {
      const [why] = issue.issues;
      return why === undefined ? "is not a name allowed here" : `is not a name allowed here: ${why.message}`;
    }
    default:
      return undefined;
  }
}

function limit(issue: z.core.$ZodRawIssue<z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig>): string {
  const { def } = (issue.inst as z.core.$ZodType)._zod;
  if (def.type === "tuple") return `a list of ${(def as z.core.$ZodTupleDef).items.length}`;
  const bound =
    issue.code === "too_small"
      ? `${issue.inclusive ? "at least" : "more than"} ${issue.minimum}`
      : `${issue.inclusive ? "at most" : "less than"} ${issue.maximum}`;
  if (issue.origin === "string") return `${bound} characters`;
  return issue.origin === "array" ? `a list of ${bound}` : bound;
}

/** Whether a schema is one of whole numbers: `z.int()`. */
function isWhole(schema: unknown): boolean {
  const format = (schema as Partial<z.core.$ZodNumberFormat> | undefined)?._zod?.def.format;
  return typeof format === "string" && format.includes("int");
}

/** The names that a strict object's schema knows. */
function knownKeys(schema: unknown): string[] {
  const shape = (schema as Partial<z.core.$ZodObject> | undefined)?._zod?.def.shape ?? {};
  return Object.keys(shape).filter((key) => key !== "$schema");
}

function findingsOf(issue: z.core.$ZodIssue, root: unknown, above: readonly PropertyKey[]): Finding[] {
  const keys = [...above, ...issue.path];
  const value = valueAt(root, keys);

  if (issue.code === "unrecognized_keys") {
    const known = JSON.parse(issue.message) as string[];
    const list = known.length === 0 ? "nothing is known here" : `known here: ${known.join(", ")}`;
    return issue.keys.map((key) => {
      const blank = blankHint({ [key]: valueAt(root, [...keys, key]) });
      const hint = blank === "" ? meant(key, known) : blank;
      const message = hint === "" ? `unknown name; ${list}` : `unknown name${hint} (${list})`;
      return { keys: [...keys, key], message };
    });
  }
  if (issue.code === "invalid_union" && issue.errors.length > 0) {
    const deeper = issue.errors.find((e) =>
      e.some((i) => i.path.length > 0 || i.code === "unrecognized_keys"),
    );
    if (deeper !== undefined) return deeper.flatMap((inner) => findingsOf(inner, root, keys));
    const wanted = new Set(issue.errors.map((e) => e[0]?.message.replace(/^expected /, "")));
    const hint = hintOf(issue.errors.flat(), value);
    return [{ keys, message: seen(`expected ${[...wanted].join(" or ")}`, value) + hint }];
  }
  if (issue.code === "invalid_union") {
    // No component is called so: the fault is the name's, which may be all that was written.
    const bare = typeof valueAt(root, keys.slice(0, -1)) === "string";
    return [{ keys: bare || value === undefined ? keys.slice(0, -1) : keys, message: issue.message }];
  }
  const thrown = causeOfIssue(issue);
  if (thrown !== undefined) return [{ keys, message: issue.message, ...thrown }];
  const message = issue.message.replace(/^Invalid input$/, "is not valid");
  return [{ keys, message: seen(message, value) + hintOf([issue], value) }];
}

/** What to do about `{use:pgd}`: without a blank after its colon YAML takes it for a name without a value. */
export function blankHint(value: unknown): string {
  if (typeof value !== "object" || value === null) return "";
  const slip = Object.entries(value).find(([name, inner]) => inner === null && /[^\s:]:[^\s:]/.test(name));
  if (slip === undefined) return "";
  return `; YAML asks for a blank after the colon: write "${slip[0].replace(/:(?=\S)/, ": ")}"`;
}

/** `; did you mean …?`, where one of a few names was expected. */
function hintOf(issues: readonly z.core.$ZodIssue[], value: unknown): string {
  const names = issues.flatMap((issue) => (issue.code === "invalid_value" ? issue.values : []));
  return typeof value === "string"
    ? meant(
        value,
        names.filter((v) => typeof v === "string"),
      )
    : "";
}

/** Adds the value seen, where the message does not tell. */
function seen(message: string, value: unknown): string {
  if (value === undefined) return message.startsWith("expected ") ? `is missing: ${message}` : message;
  return /\bgot\b|^unknown /.test(message) ? message : `${message}, got ${preview(value)}`;
}

/** What is at a path, undefined where nothing is. */
export function valueAt(root: unknown, keys: readonly PropertyKey[]): unknown {
  return keys.reduce<unknown>(
    (value, key) =>
      typeof value === "object" && value !== null && Object.hasOwn(value, key)
        ? (value as Record<PropertyKey, unknown>)[key]
        : undefined,
    root,
  );
}

/** A value as it may stand in a message. */
export function preview(value: unknown): string {
  const text = typeof value === "number" ? String(value) : (jsonOf(value) ?? String(value));
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** JSON where a value has one: big integers and circular objects have none. */
function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}
