/**
 * What the suites need of a test runner. tap's `Test` is a {@link Test} as it stands; node:test, Deno and others need
 * a few lines each.
 *
 * @module
 */

/** What an error must be. A name and a pattern: every runner can match those. */
export interface ErrorPattern {
  readonly name: string;
  readonly message?: RegExp;
}

/** What an assertion says, or nothing. */
export type Message = [] | [message: string];

/** A running test. Assertions either throw or are counted by the runner. */
export interface Test {
  /** Asserts that a value is truthy. */
  ok(value: unknown, ...message: Message): unknown;
  /** Asserts that two values are the same, as `Object.is` or `===` have it. */
  equal(found: unknown, expected: unknown, ...message: Message): unknown;
  /** Asserts that two values are equal, however deep. */
  same(found: unknown, expected: unknown, ...message: Message): unknown;
  /** Asserts that a call throws. */
  throws(body: () => unknown, error: ErrorPattern, ...message: Message): unknown;
  /** Asserts that a promise is rejected; the answer is awaited. */
  rejects(promise: Promise<unknown>, error: ErrorPattern, ...message: Message): unknown;
  /** Runs a test within this one; the answer is awaited. */
  test(name: string, body: (t: Test) => Promise<void>): unknown;
  /** Registers what is to be done when the test has ended. */
  teardown(body: () => unknown): unknown;
}
