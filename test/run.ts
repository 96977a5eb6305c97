/**
 * Runs the tests under tap and ends with one line that any CI can read: `N passed, N failed[, N skipped]`.
 * Counted are named tests, not assertions; a file that crashes before its first test counts as one failed.
 *
 * Usage: `node test/run.ts [tap arguments and test files]`
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Parser, type Result } from "tap-parser";

const folder = mkdtempSync(join(tmpdir(), "dsgan-test-"));
const output = join(folder, "output.tap");
const { status } = spawnSync(
  "tap",
  ["run", "--reporter=terse", `--output-file=${output}`, ...process.argv.slice(2)],
  {
    stdio: "inherit",
  },
);

const counts = { passed: 0, failed: 0, skipped: 0 };
const skips: string[] = [];
const failures: string[] = [];

/** Why a test failed: the words of its first assertion that did, with what was found there. */
function firstFailure(test: Parser): () => string {
  let first = "";
  test.on("assert", ({ ok, name, diag }: Result) => {
    if (ok || first !== "") return;
    const { diff } = (diag ?? {}) as { diff?: string };
    first = `\n${`${name}\n${diff ?? ""}`.trimEnd().replaceAll(/^/gm, "    ")}`;
  });
  return () => first;
}

const parser = new Parser();
parser.on("child", (file: Parser) => {
  let why = () => "";
  file.on("child", (test: Parser) => {
    why = firstFailure(test);
  });
  file.on("assert", (test: Result) => {
    if (!test.ok) {
      counts.failed++;
      failures.push(`${file.name}: ${test.name}${why()}`);
    } else if (test.skip) {
      counts.skipped++;
      skips.push(`${test.name}: ${test.skip}`);
    } else counts.passed++;
    why = () => "";
  });
});
let failedBefore = 0;
parser.on("assert", (file: Result) => {
  if (!file.ok && counts.failed === failedBefore) {
    counts.failed++;
    const { exitCode, signal } = (file.diag ?? {}) as { exitCode?: number; signal?: string };
    failures.push(`${file.name}: the file ended with ${signal ?? `exit code ${exitCode ?? "unknown"}`}`);
  }
  failedBefore = counts.failed;
});
parser.end(readFileSync(output, "utf8"));
rmSync(folder, { recursive: true });

console.log(); // tap's reporter ends in the middle of a line
for (const skip of skips) console.log(`skipped ${skip}`);
for (const failure of failures) console.log(`failed ${failure}`);
const tail = counts.skipped > 0 ? `, ${counts.skipped} skipped` : "";
console.log(`${counts.passed} passed, ${counts.failed} failed${tail}`);
process.exitCode = status ?? 1;
