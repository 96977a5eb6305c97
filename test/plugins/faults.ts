/**
 * Tests of the suites for plugin authors: each is run on parts with one fault, which it must find.
 *
 * @module
 */
import t from "tap";
import { type Tester, tester } from "../conformance/tester.ts";

/** Runs a suite and returns all that it found wrong. */
export async function faultsOf(suite: (t: Tester) => Promise<void>): Promise<string[]> {
  const faults: string[] = [];
  const note = (error: unknown): void => void faults.push((error as Error).message);
  const strict = tester();
  const noting =
    <G extends unknown[]>(check: (...given: G) => unknown) =>
    (...given: G): unknown => {
      try {
        const outcome = check(...given);
        return outcome instanceof Promise ? outcome.catch(note) : outcome;
      } catch (error) {
        return note(error);
      }
    };
  const recorder: Tester = {
    ok: noting(strict.ok),
    equal: noting(strict.equal),
    same: noting(strict.same),
    match: noting(strict.match),
    throws: noting(strict.throws),
    rejects: noting(strict.rejects),
    test: async (_, body) => await body(recorder),
  };
  try {
    await suite(recorder);
  } catch (error) {
    faults.push(`stopped: ${(error as Error).message}`);
  }
  return faults;
}

/** Checks that a suite passes what is sound, and says the expected of each fault. */
export function faults<T>(
  name: string,
  sound: T,
  suite: (t: Tester, part: T) => Promise<void>,
  broken: Readonly<Record<string, readonly [part: () => T, finding: RegExp]>>,
): void {
  t.test(`${name} passes what is sound`, async (t) => {
    t.same(await faultsOf((test) => suite(test, sound)), []);
  });
  for (const [fault, [part, finding]] of Object.entries(broken)) {
    t.test(`${name} finds ${fault}`, async (t) => {
      const found = await faultsOf((test) => suite(test, part()));
      t.ok(
        found.some((message) => finding.test(message)),
        `${finding} in ${JSON.stringify(found)}`,
      );
    });
  }
}
