/** What people and machines see of a run: lines, bars, tables, annotations. */
import { PassThrough } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import t from "tap";
import { type EventBody, InputError, type RunEvent, type RunResult } from "../../core/mod.ts";
import { commandOf, sweepAgain, workerCommandFor } from "../../server/cli/again.ts";
import { annotateProblems, annotateResult, annotation } from "../../server/cli/annotations.ts";
import { codeOfResult, worst } from "../../server/cli/exit.ts";
import { junit } from "../../server/cli/junit.ts";
import { overridesOf } from "../../server/cli/overrides.ts";
import { nameFor } from "../../server/cli/package.ts";
import { plainDisplay } from "../../server/cli/plain.ts";
import { closing, summary } from "../../server/cli/summary.ts";
import { terminalDisplay } from "../../server/cli/terminal.ts";
import { guess } from "../../server/cli/words.ts";

const event = (body: EventBody): RunEvent => ({
  seq: 1,
  time: "2026-01-01T00:00:00.000Z",
  ...body,
});

const progress = (step: number, steps: number, values = {}): RunEvent =>
  event({ type: "progress", stage: "train", step, steps, values });

const result: RunResult = {
  run: "r1",
  scenario: "ring",
  status: "passed",
  metrics: { share: 0.9, other: 2 },
  expectations: [{ metric: "share", expected: "at least 0.5", value: 0.9, met: true }],
  seconds: 12.34,
};

t.test("plainDisplay() tells progress each tenth, but not more often than every few seconds", (t) => {
  let clock = 0;
  let out = "";
  const display = plainDisplay(
    (text) => {
      out += text;
    },
    () => clock,
  );
  display.show(event({ type: "stage", stage: "train", steps: 1000 }));
  for (let step = 1; step <= 1000; step++) {
    clock += 0.1; // 100 seconds in all: a tenth each 10 seconds
    display.show(progress(step, 1000, { criticLoss: -1.23456 }));
  }
  const lines = out.trim().split("\n");
  t.equal(lines.length, 11);
  t.equal(lines[0], "train (1000 steps)");
  t.equal(lines[1], "  train 10 %  100/1000  10 steps/s  1 min 30 s left  criticLoss -1.23");
  t.equal(lines[10], "  train 100 %  1000/1000  10 steps/s  criticLoss -1.23");

  out = "";
  for (let step = 1; step <= 1000; step++) {
    clock += 0.001; // one second in all
    display.show(event({ type: "progress", stage: "measure", step, steps: 1000 }));
  }
  t.match(out, /^ {2}measure 100 % {2}1000\/1000 {2}1000 steps\/s\n$/, "a stage that was not announced");

  display.show(event({ type: "stage", stage: "slow", steps: 1000 }));
  out = "";
  for (let step = 1; step <= 5; step++) {
    clock += 61;
    display.show(event({ type: "progress", stage: "slow", step, steps: 1000 }));
  }
  t.equal(out.trim().split("\n").length, 5, "a slow stage is told about every minute");
  t.match(out, "  slow 0 %  1/1000  61 s/step  16 h 55 min left\n");
  t.end();
});

t.test("plainDisplay() takes a stage's length from its progress where its beginning did not tell", (t) => {
  let clock = 0;
  let out = "";
  const display = plainDisplay(
    (text) => {
      out += text;
    },
    () => clock,
  );
  display.show(event({ type: "stage", stage: "measure" }));
  clock = 10;
  display.show(event({ type: "progress", stage: "measure", step: 1, steps: 4 }));
  clock = 20;
  display.show(event({ type: "progress", stage: "measure", step: 2, steps: 4 }));
  t.match(out, /^ {2}measure\n/);
  t.match(out, /measure 50 % {2}2\/4 {2}5 s\/step {2}10 s left/);
  t.notMatch(out, /Infinity|NaN|-\d/);
  t.end();
});

t.test("terminalDisplay() draws a bar for each stage and prints above it", (t) => {
  const terminal = Object.assign(new PassThrough(), {
    isTTY: true,
    columns: 100,
  }) as unknown as NodeJS.WriteStream;
  const display = terminalDisplay(terminal);
  display.show(event({ type: "stage", stage: "reading" }));
  display.show(event({ type: "stage", stage: "train", steps: 4 }));
  display.show(progress(2, 4, { criticLoss: 0.5 }));
  display.show(event({ type: "warning", message: "careful" }));
  display.show(progress(4, 4, { criticLoss: 0.25 }));
  display.show(event({ type: "progress", stage: "measure", step: 1, steps: 9 }));
  display.end();
  const out = String((terminal as unknown as PassThrough).read());
  t.match(out, /^ {2}reading\n/);
  t.match(out, /train █{8}░{8} 2\/4 .*criticLoss 0\.5/);
  t.match(out, "  warning: careful\n");
  t.match(out, /train █{16} 4\/4 .*criticLoss 0\.25.*\n/, "a full bar stays");
  t.match(out, /measure .*1\/9.*\n$/);
  t.notMatch(out, "\x1b[?25l", "the cursor is never hidden");
  t.notMatch(out, "\x1b[?7l", "lines are never kept from wrapping: a killed run could not undo it");
  t.end();
});

t.test("terminalDisplay() leaves out what does not fit, whole, and what says nothing", (t) => {
  const terminal = Object.assign(new PassThrough(), { isTTY: true, columns: 60 });
  const display = terminalDisplay(terminal as unknown as NodeJS.WriteStream);
  display.show(event({ type: "stage", stage: "train", steps: 2000 }));
  display.show(progress(1000, 2000, { criticLoss: -1.2345, generatorLoss: 1.2345 }));
  display.show(progress(2000, 2000, { criticLoss: -1.2345, generatorLoss: 1.2345 }));
  display.show(event({ type: "progress", stage: "measure", step: 1, steps: 1 }));
  display.end();
  const out = stripVTControlCharacters(String(terminal.read()));
  t.match(out, "2000/2000");
  t.notMatch(out, /crit(?!icLoss -1\.23)/, "no number is cut");
  t.notMatch(out, "generatorLoss");
  t.notMatch(out, " 0 s left", "a stage that is through has no time left");
  t.match(out, /measure █{10} 1\/1 *\n/, "nor has one of a single step a rate");
  t.end();
});

t.test("annotation() escapes what GitHub's runner would misread", (t) => {
  t.equal(
    annotation("error", "100 %\r\nsure: a,b", { file: "a:b,c%.yaml", line: 3, title: "x\ny" }),
    "::error file=a%3Ab%2Cc%25.yaml,line=3,title=x%0Ay::100 %25%0D%0Asure: a,b\n",
  );
  t.equal(annotation("notice", "hello"), "::notice::hello\n");
  t.end();
});

t.test("annotateProblems() and annotateResult() mark lines", (t) => {
  const problems = [
    { path: "seed", message: "expected a whole number", line: 2 },
    { path: "m", message: "no" },
  ];
  t.equal(
    annotateProblems(new InputError(problems, { file: "x.yaml" }), "y.yaml"),
    "::error file=x.yaml,line=2,title=bad scenario::seed: expected a whole number\n" +
      "::error file=x.yaml,title=bad scenario::m: no\n",
  );
  t.match(
    annotateProblems(new InputError("gone"), "y.yaml"),
    "::error file=y.yaml,title=bad scenario::gone\n",
  );

  const missed: RunResult = {
    ...result,
    status: "missed",
    expectations: [
      { metric: "share", expected: "at least 0.95", value: 0.9, met: false },
      { metric: "other", expected: "at most 3", value: 2, met: true },
    ],
  };
  const text = "expect:\n  other: { atMost: 3 }\n  share: { atLeast: 0.95 }\n";
  t.equal(
    annotateResult(missed, { file: "x.yaml", text, report: undefined }),
    "::error file=x.yaml,line=3,title=expectation missed::share: 0.9, expected at least 0.95\n",
  );
  t.end();
});

t.test("summary() and closing() tell how it came out", (t) => {
  const finished = {
    result,
    location: "/runs/r1",
    artifacts: ["artifacts/a.npy", "artifacts/a.png"],
    report: "/runs/r1/report.html",
  };
  const plain = stripVTControlCharacters(summary(finished));
  t.match(plain, /share .* 0\.9 .*at least 0\.5.*met/);
  t.match(plain, /other .* 2 /);
  t.match(plain, "samples  /runs/r1/artifacts/a.npy\nreport   /runs/r1/report.html\n");
  t.notMatch(plain, "a.png");
  t.match(plain, /\npassed ring in 12\.3 s: 1 of 1 expectation met \(\/runs\/r1\)\n$/);
  const near = { metric: "share", expected: "at least 0.5", value: 0.4999999, met: false };
  t.match(
    stripVTControlCharacters(
      closing({ ...finished, result: { ...result, status: "missed", expectations: [near] } }),
    ),
    /share 0\.4999999, expected at least 0\.5/,
    "digits enough to see why",
  );
  t.match(closing({ ...finished, result: { ...result, expectations: [] } }), "nothing was expected of it");
  const name = `m.pgd@${8 / 255}`;
  const met = { metric: "m.pgd@8/255", expected: "at least 0.5", value: 0.75, met: true };
  const budgets = stripVTControlCharacters(
    summary({
      ...finished,
      result: { ...result, metrics: { [name]: 0.75, "m.pgd@0.1": 0.5 }, expectations: [met] },
    }),
  );
  t.equal(budgets.match(/m\.pgd@8\/255/g)?.length, 1, "a budget as it was written, once");
  t.match(budgets, /m\.pgd@0\.1 /);
  t.notMatch(budgets, "0.0313");
  t.end();
});

t.test("codeOfResult() and worst() rank how runs end", (t) => {
  const code = (status: RunResult["status"], kind?: "input" | "run"): number =>
    codeOfResult({ ...result, status, ...(kind && { error: { kind, message: "" } }) });
  const codes = [
    code("passed"),
    code("missed"),
    code("failed", "input"),
    code("failed", "run"),
    code("cancelled"),
  ];
  t.strictSame(codes, [0, 1, 2, 3, 130]);
  t.equal(worst([]), 0);
  t.equal(worst([1, 3, 0, 2]), 3);
  t.end();
});

t.test("junit() is XML whatever the messages hold", (t) => {
  const xml = junit([
    { file: "a.yaml", error: 'a.yaml:1: <b> & "c"\u0007' },
    { file: "b.yaml", result: { ...result, status: "cancelled", expectations: [] } },
    { file: "c.yaml", result: { ...result, expectations: [] } },
  ]);
  t.match(xml, 'tests="3" failures="0" errors="2"');
  t.match(xml, 'message="a.yaml:1: &lt;b> &amp; &quot;c&quot;"');
  t.match(xml, /name="runs"[^>]*>\s*<error message="interrupted"/);
  t.end();
});

t.test("overridesOf() and commandOf() are each other's inverse, in a shell", (t) => {
  const { npm_lifecycle_event: before } = process.env;
  delete process.env.npm_lifecycle_event;
  t.teardown(() => before && Object.assign(process.env, { npm_lifecycle_event: before }));
  const overrides = overridesOf({ set: ["a.b=[1, 2]", "c=it's", "d=x=y"], seed: "7", engine: "cpu" });
  t.strictSame(overrides, [
    { path: "a.b", value: "[1, 2]" },
    { path: "c", value: "it's" },
    { path: "d", value: "x=y" },
    { path: "seed", value: "7" },
    { path: "engine", value: "cpu" },
  ]);
  t.equal(
    commandOf("my file.yaml", overrides),
    `dsgan run 'my file.yaml' --set 'a.b=[1, 2]' --set 'c=it'\\''s' --set d=x=y --set seed=7 --set engine=cpu`,
  );
  process.env.npm_lifecycle_event = "dsgan";
  t.equal(commandOf("a.yaml", []), "npm run -s dsgan -- run a.yaml");
  t.throws(() => overridesOf({ set: ["=3"] }), { name: "InputError" });
  t.end();
});

t.test(
  "sweepAgain() and workerCommandFor() name places as a shell takes them, unless the environment does",
  (t) => {
    const before = Object.entries(process.env).filter(([name]) => /^DSGAN_(RUNS|JOBS)$|^npm_/.test(name));
    for (const [name] of before) delete process.env[name];
    t.teardown(() => {
      for (const name of ["DSGAN_RUNS", "DSGAN_JOBS"]) delete process.env[name];
      Object.assign(process.env, Object.fromEntries(before));
    });
    const url = "postgres://me:secret@db/runs?lease=5&poll=1";
    const shown = "'postgres://me:***@db/runs?lease=5&poll=1'";
    t.equal(sweepAgain("status", "s-1", "runs"), "dsgan sweep status s-1");
    t.equal(sweepAgain("resume", "s-1", url), `dsgan sweep resume s-1 --runs ${shown}`);
    t.equal(workerCommandFor(url, undefined), `dsgan worker --runs ${shown}`);
    t.equal(workerCommandFor("runs", url), `dsgan worker --jobs ${shown}`);
    process.env.DSGAN_RUNS = url;
    t.equal(sweepAgain("resume", "s-1", url), "dsgan sweep resume s-1", "no password is lacking");
    t.equal(sweepAgain("resume", "s-1", "runs"), "dsgan sweep resume s-1 --runs runs");
    process.env.DSGAN_JOBS = url;
    t.equal(workerCommandFor("my runs", url), "dsgan worker --runs 'my runs'");
    t.end();
  },
);

t.test("nameFor() makes of a file's name one that a scenario can have", (t) => {
  const names = [
    "a/fig6-mnist.yaml",
    "b.json",
    "my scenario (2).yml",
    "_x.yaml",
    ".yaml",
    `${"a".repeat(99)}.yaml`,
  ];
  t.strictSame(names.map(nameFor), ["fig6-mnist", "b", "my-scenario-2-", "x", "scenario", "a".repeat(64)]);
  t.end();
});

t.test("guess() rounds a time that is a guess", (t) => {
  t.strictSame([0.2, 59, 60, 3599.5, 7500].map(guess), [
    "1 s",
    "59 s",
    "1 min 0 s",
    "1 h 0 min",
    "2 h 5 min",
  ]);
  t.end();
});
