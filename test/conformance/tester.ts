/**
 * What the suites need of a test runner: tap's `t` has it, {@link tester} gives it under node:test and Deno.
 *
 * @module
 */
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";

/** What is checked, in words. */
type Message = [] | [message: string];

/** An error that is expected: its class, or its name and a part of its message. */
export type ErrorMatch =
  | typeof Error
  | { readonly name: string; readonly message?: string | RegExp }
  | { readonly message: string | RegExp };

/** A place to report what was checked. Structures are compared deeply. */
export interface Tester {
  ok(value: unknown, ...message: Message): unknown;
  equal(found: unknown, wanted: unknown, ...message: Message): unknown;
  same(found: unknown, wanted: unknown, ...message: Message): unknown;
  /** Compares those properties alone that are wanted: a string must be part of what is found. */
  match(found: unknown, wanted: object, ...message: Message): unknown;
  /** @param error the class of the error, or the properties that it must {@link match} */
  throws(run: () => unknown, error: ErrorMatch, ...message: Message): unknown;
  rejects(run: Promise<unknown> | (() => Promise<unknown>), error: ErrorMatch, ...message: Message): unknown;
  test(name: string, run: (t: Tester) => unknown): unknown;
}

/** What {@link tester} needs of node:test's context. */
export interface NodeTest {
  test(name: string, run: (t: NodeTest) => Promise<void>): Promise<void>;
}

/**
 * Reports to node:test, which Deno has as well: a failed check throws and names what failed.
 * @param t the context of a test; its parts become subtests. Without one they run in place.
 * @example
 * ```ts
 * import test from "node:test";
 * import { Mixers } from "dsgan";
 * import { checkMixer, contextFor, tester } from "dsgan/testing";
 *
 * test("weighted keeps the contract of mixers", async (t) => {
 *   const context = await contextFor();
 *   await checkMixer(tester(t), await context.create(Mixers, "weighted"));
 * });
 * ```
 */
export function tester(t?: NodeTest): Tester {
  const match = (found: unknown, wanted: object, message: string): void => {
    if (typeof wanted === "function") assert.ok(found instanceof (wanted as ErrorConstructor), message);
    for (const [name, value] of Object.entries(wanted)) {
      const property = (found as Record<string, unknown> | null)?.[name];
      assert.ok(fits(property, value), `${message}: ${name} is ${String(property)}, not ${String(value)}`);
    }
  };
  return {
    ok: (value, ...[message]) => assert.ok(value, message),
    equal: (found, wanted, ...[message]) => assert.equal(found, wanted, message),
    same: (found, wanted, ...[message]) => assert.deepEqual(plain(found), plain(wanted), message),
    match: (found, wanted, message = "matches") => match(found, wanted, message),
    throws(run, error, message = "throws") {
      match(caught(run, message), error, message);
    },
    async rejects(run, error, message = "rejects") {
      const outcome = Promise.resolve(typeof run === "function" ? run() : run);
      const thrown = await outcome.then(
        () => assert.fail(`${message}: nothing was thrown`),
        (reason: unknown) => reason,
      );
      match(thrown, error, message);
    },
    async test(name, run) {
      if (t === undefined) await run(tester());
      else await t.test(name, async (inner) => void (await run(tester(inner))));
    },
  };
}

function caught(run: () => unknown, message: string): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return assert.fail(`${message}: nothing was thrown`);
}

/** Whether a property is what was asked for. */
function fits(found: unknown, wanted: unknown): boolean {
  if (wanted instanceof RegExp) return wanted.test(String(found));
  if (typeof wanted === "string") return String(found).includes(wanted);
  return isDeepStrictEqual(found, wanted);
}

/** Typed arrays are compared by their values. */
function plain(value: unknown): unknown {
  return ArrayBuffer.isView(value) && !(value instanceof DataView) ? [...(value as Uint8Array)] : value;
}
