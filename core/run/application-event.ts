/**
 * Checks what an application yields: plugins may be plain JavaScript, and the log, the page and resuming all rely on
 * the shape of events.
 *
 * @module
 */
import { z } from "zod";
import { RunError } from "../plugin/errors.ts";
import { check, preview } from "../plugin/messages.ts";
import { meant } from "../plugin/suggest.ts";
import type { ApplicationEvent, ApplicationEventType, EventTypes } from "./event.ts";
import { isRunPath } from "./store.ts";

/** NaN and the infinities as well: what becomes of them depends on the event. */
const anyNumber = z.custom<number>((value) => typeof value === "number", { error: "expected a number" });
const count = z.int().min(0);

/** What an event of each type carries, besides its type. */
const SHAPES = {
  stage: { stage: z.string(), steps: count.optional() },
  progress: {
    stage: z.string(),
    step: count,
    steps: count,
    values: z.record(z.string(), anyNumber).optional(),
  },
  artifact: {
    path: z.string().refine((path) => path.startsWith("artifacts/") && isRunPath(path), {
      error: "expected the path of an artifact: yield what context.artifact(…) returns",
    }),
    title: z.string(),
    bytes: count,
    sha256: z.string().regex(/^[0-9a-f]{64}$/, { error: "expected 64 hexadecimal digits" }),
  },
  metrics: { values: z.record(z.string(), anyNumber) },
  warning: { message: z.string() },
  sentinel: {
    kind: z.enum(["notFinite", "collapse", "runaway"]),
    step: count,
    values: z.record(z.string(), z.union([z.number(), z.string()])),
    message: z.string(),
    action: z.enum(["stop", "warn"]),
  },
} satisfies Record<ApplicationEventType, z.ZodRawShape>;

/** Strict: `seq` and `time` are the log's to give, and a tensor among the rest would be written as JSON. */
const SCHEMAS: Readonly<Record<string, z.ZodType>> = Object.fromEntries(
  Object.entries(SHAPES).map(([type, shape]) => [type, z.strictObject({ type: z.literal(type), ...shape })]),
);

/** Whether an event comes from the application rather than the run: such events are the same in every session. */
export function isOfApplication<E extends { readonly type: keyof EventTypes }>(
  event: E,
): event is Extract<E, { readonly type: ApplicationEventType }> {
  return Object.hasOwn(SCHEMAS, event.type);
}

/**
 * Lets an event pass that an application may yield.
 * @param application its name in the scenario
 * @throws RunError that names the application, the event's type and what is wrong with it
 */
export function checkApplicationEvent(given: unknown, application: string): ApplicationEvent {
  const fail = (what: string): never => {
    throw new RunError(`application "${application}" yielded ${what}`);
  };
  const type = typeof given === "object" && given !== null ? (given as { type?: unknown }).type : undefined;
  if (typeof type !== "string") return fail(`${preview(given)}, which is not an event: it needs a "type"`);
  const schema = Object.hasOwn(SCHEMAS, type) ? SCHEMAS[type] : undefined;
  if (schema === undefined) {
    const types = Object.keys(SCHEMAS);
    const hint = meant(type, types);
    return fail(
      `an event of type ${JSON.stringify(type)}${hint === "" ? "." : hint} Applications yield ${types.join(", ")}`,
    );
  }
  const checked = check(schema, given);
  if ("data" in checked) return given as ApplicationEvent;
  const faults = checked.findings.map(({ keys, message }) => `${keys.map(String).join(".")}: ${message}`);
  return fail(`a malformed "${type}" event: ${faults.join("; ")}`);
}
