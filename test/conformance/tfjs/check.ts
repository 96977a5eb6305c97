/**
 * Holds an engine to somebody else's tests: those of tfjs-core's ops.
 *
 * @module
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Test } from "tap";
import type { Exclusions } from "./exclusions.ts";

const run = fileURLToPath(new URL("run.ts", import.meta.url));

interface Failure {
  readonly failed: string;
  readonly message: string;
}
interface Totals {
  readonly passed: number;
  readonly failed: number;
}

/**
 * Runs all op tests on an engine, in a process of its own.
 * @param engine its name, or its name under `use` with options beside it
 * @param exclusions what it is known to fail, and why it may: some spec of each must fail, and no other
 * @param least share of the specs that must pass
 */
export async function checkOps(
  t: Test,
  engine: string | { readonly use: string; readonly [option: string]: string },
  exclusions: Exclusions,
  least = 0.97,
): Promise<void> {
  const [name, asked] = typeof engine === "string" ? [engine, engine] : [engine.use, JSON.stringify(engine)];
  const { stdout } = await promisify(execFile)(process.execPath, [run, asked], { maxBuffer: 2 ** 26 });
  const lines = stdout
    .trim()
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Failure | Totals);
  const totals = lines.pop() as Totals;
  const failures = (lines as Failure[]).map(({ failed, message }) => ({
    name: failed.replace(` ${name} {}`, ""),
    message,
  }));
  const excluded = Object.keys(exclusions);

  await t.test(
    `${asked} passes tfjs-core's op tests but for those that are excluded with a reason`,
    async (t) => {
      t.same(
        failures.filter(({ name }) => !excluded.some((given) => covers(given, name))),
        [],
      );
    },
  );

  await t.test(`${asked} still fails every excluded test`, async (t) => {
    t.same(
      excluded.filter((given) => !failures.some(({ name }) => covers(given, name))),
      [],
    );
  });

  await t.test(`${asked} passes at least ${least * 100} % of tfjs-core's op tests`, async (t) => {
    const all = totals.passed + totals.failed;
    t.ok(all > 2500, `${all} specs ran`);
    t.ok(totals.passed / all >= least, `${totals.passed} of ${all} pass`);
  });
}

/** Whether an exclusion is meant for a spec: by its name, or by how that begins. */
function covers(exclusion: string, name: string): boolean {
  return exclusion.endsWith("*") ? name.startsWith(exclusion.slice(0, -1)) : exclusion === name;
}
