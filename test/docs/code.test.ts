/**
 * The code of the documentation runs: all blocks of the pages, the `@example`s of docstrings, and the scenarios that
 * pages name. Those that are tests themselves run in a process of their own, the others one after another.
 */
import { globSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import t from "tap";
import { allBlocks, complaint, type Example, writePackage } from "./examples.ts";
import { root } from "./pages.ts";

t.setTimeout(600_000); // minutes on a busy machine

const { folder, examples } = writePackage(allBlocks());
t.teardown(() => rmSync(folder, { recursive: true }));

const isTest = ({ code }: Example): boolean => /from "(node:test|tap)"/.test(code);

/** What failed in each file: the messages of `run.ts`. */
async function failures(files: readonly string[], cwd: string): Promise<Map<string, string>> {
  const lines = await complaint(process.execPath, [join(root, "test/docs/run.ts"), ...files], cwd, true);
  const found = new Map(files.map((file) => [file, "did not come to its end"]));
  for (const line of lines.split("\n")) {
    if (!line.startsWith('{"file":')) continue;
    const { file, error, done } = JSON.parse(line) as { file: string; error?: string; done?: true };
    if (error !== undefined) found.set(file, error);
    else if (done && found.get(file) === "did not come to its end") found.set(file, "");
  }
  return found;
}

t.test("code runs", async (t) => {
  const plain = examples.filter((example) => !isTest(example));
  const run = plain.filter(({ notRun }) => notRun === undefined).map(({ file }) => file);
  const failed = await failures(run, folder);
  for (const { file, page, line, notRun } of plain) {
    t.test(`${page}:${line}`, { skip: notRun ?? false }, async (t) => void t.equal(failed.get(file), ""));
  }
});

t.test("tests run", async (t) => {
  for (const { file, page, line } of examples.filter(isTest)) {
    const cwd = join(folder, dirname(file));
    t.equal(await complaint(process.execPath, [join(folder, file)], cwd), "", `${page}:${line}`);
  }
});

t.test("scenarios that pages name run, with the plugins beside them", async (t) => {
  const scenarios = globSync("*/*.yaml", { cwd: folder });
  t.ok(scenarios.length > 2, `${scenarios.length} scenarios`);
  const args = ["run", ...scenarios, "--quiet", "--in-process", "--runs", join(folder, "runs")];
  t.equal(await complaint(process.execPath, [join(root, "server/cli/main.ts"), ...args], folder), "");
});

t.test("code that fails is found", async (t) => {
  const block = (line: number, code: string) => ({ page: "x.md", line, language: "ts", info: "", code });
  const wrong = writePackage([
    block(1, "throw new Error('no');\n"),
    block(9, "export {};\n"),
    block(20, "null.x;\n"),
  ]);
  t.teardown(() => rmSync(wrong.folder, { recursive: true }));
  const failed = await failures(
    wrong.examples.map(({ file }) => file),
    wrong.folder,
  );
  t.match([...failed.values()], [/^Error: no/, /^$/, /^TypeError/]);
});
