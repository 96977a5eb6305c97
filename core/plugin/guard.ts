/**
 * Checks and transformations of options are a plugin's code: what they throw becomes a problem of the component.
 *
 * @module
 */
import { z } from "zod";
import type { Component } from "./component.ts";
import { locatedMessage } from "./thrown.ts";

const causes = new WeakMap<object, unknown>();

/** What was thrown where an issue stems from {@link guarded}. */
export function causeOfIssue(issue: z.core.$ZodIssue): { readonly cause: unknown } | undefined {
  const { params } = issue as { readonly params?: object };
  return params !== undefined && causes.has(params) ? { cause: causes.get(params) } : undefined;
}

/**
 * The schema of a component's options, made to report what its checks throw. zod itself lets that pass through the check
 * of the whole scenario, and so no word would tell which component it was.
 */
export function guarded<S extends z.ZodType>(schema: S, { contract, name }: Component): S {
  const { run } = schema._zod;
  schema._zod.run = (payload, context) => {
    try {
      return run(payload, context);
    } catch (error) {
      const params = {};
      causes.set(params, error);
      const message = `${contract.kind} "${name}": ${faultOf(error)}`;
      payload.issues.push({ code: "custom", message, params, input: payload.value, inst: schema });
      return payload;
    }
  };
  return schema;
}

function faultOf(error: unknown): string {
  return error instanceof z.core.$ZodAsyncError
    ? "its options have an asynchronous check, and a scenario is checked at once: check that in create"
    : `a check of its options failed: ${locatedMessage(error)}`;
}
