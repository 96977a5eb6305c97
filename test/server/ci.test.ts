/** What a CI reads: JSON lines, JUnit, the summary of a step, paths of annotations, exit codes of comparisons. */
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { builtinPlugins } from "../../plugins/mod.ts";
import { annotation } from "../../server/cli/annotations.ts";
import { directionOf, tolerancesOf } from "../../server/cli/baseline.ts";
import { type CompareOptions, compareCommand } from "../../server/cli/compare.ts";
import { jsonDisplay } from "../../server/cli/display.ts";
import { junit, type Outcome } from "../../server/cli/junit.ts";
import { claimStdout, print } from "../../server/cli/output.ts";
import { plannedOf } from "../../server/cli/planned.ts";
import { runCommand } from "../../server/cli/run.ts";
import { addToStepSummary, stepSummary } from "../../server/cli/step-summary.ts";
import { printedBy } from "./printed.ts";

const host = { plugins: [...builtinPlugins], report: async () => "" };
const planned = [
  { metric: "a", expected: "at least 0.5" },
  { metric: "b", expected: "at most 3" },
];
const passed: Outcome = {
  file: "x.yaml",
  planned,
  result: {
    ...{ run: "x-1", scenario: "x", status: "missed", seconds: 1e-7, metrics: { a: 0.6 } },
    expectations: [
      { metric: "a", expected: "at least 0.5", value: 0.6, met: true },
      { metric: "b", expected: 'at most 3 (no such metric was measured; did you mean "a"?)', met: false },
    ],
  },
};
const failed: Outcome = {
  file: "x.yaml",
  planned,
  result: {
    ...{ run: "x-2", scenario: "x", status: "failed", seconds: 1, metrics: {}, expectations: [] },
    error: { kind: "run", message: "broke | here\n<b>" },
  },
};

/** Suites and their cases. */
const casesOf = (xml: string): string[] =>
  [...xml.matchAll(/<testsuite name="([^"]*)"|<testcase\b[^>]*? name="([^"]*)"/g)].map(([, suite, one]) =>
    suite === undefined ? `  ${one}` : suite,
  );

t.test("JUnit's names do not depend on what became of a run, and are unique", (t) => {
  const names = ["x.yaml", "  runs", "  a at least 0.5", "  b at most 3"];
  t.strictSame(casesOf(junit([passed])), names);
  t.strictSame(casesOf(junit([failed])), names);
  t.strictSame(casesOf(junit([{ file: "x.yaml", planned, error: "not valid" }])), names);
  t.strictSame(casesOf(junit([{ ...passed, planned: undefined }])), names);
  t.match(casesOf(junit([passed, failed])), ["x.yaml", /./, /./, /./, "x.yaml (2)"]);
  t.match(junit([failed]), /<skipped\/>/);
  t.end();
});

t.test("JUnit is of the common schema", (t) => {
  const xml = junit([passed, failed, { file: "y.yaml", error: "no" }]);
  // Elements and attributes as junit-10.xsd of Jenkins' xunit plugin has them.
  const allowed: Record<string, readonly string[]> = {
    testsuites: ["name", "time", "tests", "failures", "errors"],
    testsuite: [
      "name",
      "tests",
      "failures",
      "errors",
      "time",
      "skipped",
      "timestamp",
      "hostname",
      "id",
      "package",
      "file",
    ],
    testcase: ["name", "time", "classname", "group"],
    properties: [],
    property: ["name", "value"],
    failure: ["type", "message"],
    error: ["type", "message"],
    skipped: ["type", "message"],
  };
  for (const [, element = "", attributes = ""] of xml.matchAll(/<(\w+)((?: [\w:]+="[^"]*")*)\/?>/g)) {
    t.ok(element in allowed, element);
    for (const [, name = "", value = ""] of attributes.matchAll(/ ([\w:]+)="([^"]*)"/g)) {
      t.ok(allowed[element]?.includes(name), `${element} has ${name}`);
      if (name === "time") t.match(value, /^[0-9]*(\.[0-9]*)?$/);
    }
  }
  t.end();
});

t.test("what a scenario expects is known before it is run", (t) => {
  const source = {
    file: "x.yaml",
    text: "expect: { a: { atLeast: 0.5 }, b: 3 }\n",
    base: new URL("file:///x.yaml"),
  };
  const set = [{ path: "expect.c.atMost", value: "1" }];
  t.strictSame(plannedOf(source, set), [
    { metric: "a", expected: "at least 0.5" },
    { metric: "c", expected: "at most 1" },
  ]);
  t.strictSame(plannedOf({ ...source, text: "a: [" }, []), []);
  t.end();
});

t.test("the step's summary has a table", (t) => {
  const file = join(t.testdir(), "summary.md");
  const { GITHUB_STEP_SUMMARY: before } = process.env;
  process.env.GITHUB_STEP_SUMMARY = file;
  t.teardown(() => {
    if (before === undefined) delete process.env.GITHUB_STEP_SUMMARY;
    else process.env.GITHUB_STEP_SUMMARY = before;
  });
  addToStepSummary([passed, failed]);
  const text = readFileSync(file, "utf8");
  t.equal(text, stepSummary([passed, failed]));
  t.match(text, "| x.yaml | missed | 0.00 s | x-1 |");
  t.match(text, "| x.yaml | failed | 1.0 s | broke \\| here \\<b\\> |");
  t.match(text, "| x.yaml | a | 0.6 | at least 0.5 | met |");
  t.end();
});

t.test("annotations are relative to the repository", (t) => {
  const { GITHUB_WORKSPACE: before } = process.env;
  t.teardown(() => {
    if (before === undefined) delete process.env.GITHUB_WORKSPACE;
    else process.env.GITHUB_WORKSPACE = before;
  });
  process.env.GITHUB_WORKSPACE = join(process.cwd(), "..");
  const folder = process.cwd().split("/").at(-1);
  t.equal(annotation("error", "m", { file: "a/x.yaml" }), `::error file=${folder}/a/x.yaml::m\n`);
  t.equal(annotation("error", "m", { file: "/elsewhere/x.yaml" }), "::error file=/elsewhere/x.yaml::m\n");
  t.end();
});

t.test("claimed output is for the command alone, and every event says which run", (t) => {
  const out = t.capture(process.stdout, "write", () => true);
  const err = t.capture(process.stderr, "write", () => true);
  const release = claimStdout();
  process.stdout.write("plugin\n");
  console.log("plugin too");
  jsonDisplay(print, () => "x-1").show({ seq: 1, time: "", type: "warning", message: "m" });
  release();
  process.stdout.write("after\n");
  out.restore(); // before tap writes
  err.restore();
  const written = out.args().flat();
  t.strictSame(written, ['{"seq":1,"time":"","type":"warning","message":"m","run":"x-1"}\n', "after\n"]);
  t.match(err.args().flat().join(""), "plugin\nplugin too\n");
  t.end();
});

t.test("--json has a result for every scenario, those that cannot be loaded included", async (t) => {
  const folder = t.testdir({ "bad.yaml": "nme: 1\n" });
  t.capture(process.stderr, "write", () => true);
  const files = [join(folder, "bad.yaml"), join(folder, "none.yaml")];
  const { out, value: code } = await printedBy(() =>
    runCommand(files, { json: true, runs: join(folder, "runs") } as never, host),
  );
  const lines = out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  t.equal(code, 2);
  t.match(
    lines,
    files.map((file) => ({ type: "result", file, run: null, status: "failed", error: { kind: "input" } })),
  );
});

/** A folder of runs, each of a seed, a commit and a metric's value. */
function runsOf(
  folder: string,
  runs: readonly (readonly [seed: number, commit: string, auroc: number])[],
): string {
  runs.forEach(([seed, commit, auroc], i) => {
    const id = `a-20260101-00000${9 - i}-0000`;
    mkdirSync(join(folder, id), { recursive: true });
    const result = {
      run: id,
      scenario: "a",
      status: "passed",
      metrics: { auroc, loss: 1, n: 5 },
      expectations: [],
      seconds: 1,
    };
    writeFileSync(
      join(folder, id, "scenario.yaml"),
      JSON.stringify({ name: "a", seed, application: { use: "x" } }),
    );
    writeFileSync(join(folder, id, "events.ndjson"), "");
    writeFileSync(join(folder, id, "environment.json"), JSON.stringify({ git: { commit, dirty: false } }));
    writeFileSync(join(folder, id, "result.json"), JSON.stringify(result));
  });
  return folder;
}

t.test("compare exits 1 where a metric has fallen behind the baseline", async (t) => {
  const runs = runsOf(t.testdir(), [[0, "c1", 0.91]]);
  const baseline = join(runs, "base.json");
  const before = { scenario: "a", metrics: { auroc: 0.93, loss: 0.96, n: 5 }, expectations: [] };
  writeFileSync(baseline, JSON.stringify(before));
  const code = async (tolerance: string[], more: CompareOptions = { runs }) => {
    t.capture(process.stderr, "write", () => true);
    return (await printedBy(() => compareCommand([], { ...more, runs, baseline, tolerance }, host))).value;
  };
  t.equal(await code(["auroc=0.02"]), 0, "the tolerance itself is allowed");
  t.equal(await code(["auroc=0.019"]), 1);
  t.equal(await code(["auroc=3%"]), 0);
  t.equal(await code(["auroc=0.02,loss=0.05"]), 0);
  t.equal(await code(["auroc=0.02", "loss=0.03"]), 1, "more loss is worse");
  t.equal(await code(["0.05"]), 0, "one for all");
  t.equal(await code([]), 1, "none: nothing may fall behind");
  t.equal(await code(["auroc=0.02"], { runs, json: true }), 0);
  writeFileSync(baseline, JSON.stringify({ ...before, metrics: { auroc: 0.5, loss: 2, n: 5, gone: 1 } }));
  t.equal(await code(["auroc=0", "loss=0", "n=0"]), 0, "better is fine");
  t.equal(await code(["gone=1"]), 1, "what is not measured any more has fallen behind");
  writeFileSync(baseline, JSON.stringify({ ...before, metrics: { n: 4 } }));
  t.equal(await code(["n=0.5"]), 1, "either way where nobody knows which is better");
  await t.rejects(code(["x=1"]), /--tolerance x: .* has no such metric/);
  await t.rejects(code(["auroc"]), /expected name=0\.02/);
  writeFileSync(baseline, `\ufeff${JSON.stringify({ ...before, metrics: { n: 4 } })}`);
  t.equal(await code(["n=0.5"]), 1, "as an editor saves it, with a mark of its encoding");
  writeFileSync(baseline, Buffer.from(`\ufeff${JSON.stringify(before)}`, "utf16le"));
  await t.rejects(code(["n=1"]), /base\.json: it seems to be UTF-16/);
  writeFileSync(baseline, "[]");
  await t.rejects(code(["n=1"]), /expected the result\.json of a run/);
});

t.test("which way is better is known by the bounds, then by the name", (t) => {
  t.equal(directionOf("score", "at least 1"), "higher");
  t.equal(directionOf("accuracy", "at most 1"), "lower");
  t.equal(directionOf("accuracy", "at least 0, at most 1"), "either");
  t.equal(directionOf("accuracy", "between 0 and 1"), "either");
  for (const name of [
    "auroc",
    "m.pgd@0.1",
    "m.clean",
    "coverage",
    "outside",
    "classifierAccuracy",
    "targetShare",
  ])
    t.equal(directionOf(name, undefined), "higher", name);
  for (const name of ["criticLoss", "testErrors", "falseAlarms", "m.notFinite", "avoidShare"])
    t.equal(directionOf(name, undefined), "lower", name);
  t.equal(directionOf("n", undefined), "either");
  t.match(tolerancesOf(["a=1e-3, b=5%"]), {
    own: { a: { amount: 0.001, isShare: false }, b: { amount: 0.05, isShare: true } },
  });
  t.end();
});

t.test("runs of different commits are not averaged, and one seed counts once", async (t) => {
  const runs = runsOf(t.testdir(), [
    [0, "c2c2c2c2c2c2c2c2", 0.9],
    [1, "c2c2c2c2c2c2c2c2", 0.8],
    [0, "c1c1c1c1c1c1c1c1", 0.5],
    [0, "c2c2c2c2c2c2c2c2", 0.1],
  ]);
  t.capture(process.stderr, "write", () => true);
  const { out } = await printedBy(() => compareCommand([], { runs, json: true, metric: ["auroc"] }, host));
  const found = JSON.parse(out);
  t.match(found, [
    { differs: { commit: "c2c2c2c2c2c2" }, seeds: [0, 1], metrics: { auroc: { values: [0.9, 0.8] } } },
    { differs: { commit: "c1c1c1c1c1c1" }, seeds: [0], metrics: { auroc: { values: [0.5] } } },
  ]);
});

t.test(
  "the steps of the action that the documentation shows run",
  { skip: !existsSync("/bin/bash") },
  (t) => {
    const page = readFileSync(fileURLToPath(new URL("../../server/cli/README.md", import.meta.url)), "utf8");
    const action = /```yaml action\n([\s\S]*?)```/.exec(page)?.[1] ?? "";
    const steps = [...action.matchAll(/- run: (.*)/g)].map(([, step = ""]) => step);
    t.ok(steps.length >= 2, "there are steps");
    const folder = t.testdir({
      "calls.txt": "",
      bin: { npx: '#!/bin/sh\necho "$@" >> "$CALLS"\n', npm: "#!/bin/sh\n" },
    });
    const calls = join(folder, "calls.txt");
    for (const name of ["npx", "npm"]) chmodSync(join(folder, "bin", name), 0o755);
    const env = { PATH: `${join(folder, "bin")}:${process.env.PATH}`, CALLS: calls };
    execFileSync("/bin/bash", ["-e", "-c", steps.join("\n")], { env, cwd: folder });
    const said = readFileSync(calls, "utf8").trim().split("\n");
    for (const call of said) t.match(call, /^dsgan (run|compare|validate) /);
    t.end();
  },
);
