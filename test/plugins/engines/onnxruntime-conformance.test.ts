/** The engine against somebody else's tests: those of tfjs-core's ops. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import t from "tap";
import { onnxruntimeExclusions } from "../../conformance/tfjs/exclusions.ts";

const run = fileURLToPath(new URL("../../conformance/tfjs/run.ts", import.meta.url));

interface Failure {
  readonly failed: string;
  readonly message: string;
}
interface Totals {
  readonly passed: number;
  readonly failed: number;
}

const { stdout } = await promisify(execFile)(process.execPath, [run, "onnxruntime"], { maxBuffer: 2 ** 26 });
const lines = stdout
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Failure | Totals);
const totals = lines.pop() as Totals;
const failures = (lines as Failure[]).map(({ failed, message }) => ({
  name: failed.replace(" onnxruntime {}", ""),
  message,
}));

t.test("tfjs-core's op tests pass but for those that are excluded with a reason", (t) => {
  t.same(
    failures.filter(({ name }) => onnxruntimeExclusions[name] === undefined),
    [],
  );
  t.end();
});

t.test("every exclusion still fails", (t) => {
  const names = new Set(failures.map(({ name }) => name));
  t.same(
    Object.keys(onnxruntimeExclusions).filter((name) => !names.has(name)),
    [],
  );
  t.end();
});

t.test("at least 97 % of tfjs-core's op tests pass", (t) => {
  const all = totals.passed + totals.failed;
  t.ok(all > 2500, `${all} specs ran`);
  t.ok(totals.passed / all >= 0.97, `${totals.passed} of ${all} pass`);
  t.end();
});
