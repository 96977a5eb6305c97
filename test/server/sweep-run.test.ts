/** `dsgan sweep` on the local pool: to the end, through kills, cancelled, resumed, with trials that fail. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import t, { type Test } from "tap";
import type { RunEvent, RunResult } from "../../core/mod.ts";

t.setTimeout(600_000); // minutes on a busy machine

const root = fileURLToPath(new URL("../..", import.meta.url));
const main = join(root, "server/cli/main.ts");
const toy = join(root, "test/fixtures/toy.yaml");
const env = { ...process.env, CI: "1", GITHUB_ACTIONS: "", NO_COLOR: "1", NODE_OPTIONS: "" };

/** Two trials over two seeds: the better one has a share of 0.9. */
const SWEEP = `name: toys
scenario: ${toy}
vary: { application.share: [0.7, 0.9] }
seeds: [0, 1]
search: grid
goal: { maximize: share }
expect: { share: { mean: { atLeast: 0.8 } } }
`;

function dsgan(cwd: string, ...args: string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    ...{ cwd, env, encoding: "utf8" },
  });
  return { code: status, out: stdout, err: stderr };
}

function begin(cwd: string, ...args: string[]): ChildProcess {
  return spawn(process.execPath, [main, ...args], { cwd, env, stdio: "ignore" });
}

const over = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve) => child.on("exit", (code) => resolve(code)));

/** A folder with a sweep file in it. */
function folderWith(t: Test, text: string): string {
  const folder = t.testdir();
  writeFileSync(join(folder, "toys.yaml"), text);
  return folder;
}

const runsOf = (folder: string): string[] => {
  try {
    return readdirSync(join(folder, "runs")).filter((name) => name.startsWith("toys-"));
  } catch {
    return [];
  }
};
const sweepOf = (folder: string): string => runsOf(folder).find((name) => name.startsWith("toys-sweep-"))!;
const eventsOf = (folder: string, run: string): RunEvent[] =>
  readFileSync(join(folder, "runs", run, "events.ndjson"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
const resultOf = (folder: string, run: string): RunResult =>
  JSON.parse(readFileSync(join(folder, "runs", run, "result.json"), "utf8"));

/** What each run of a sweep came to. */
const metricsOf = (folder: string): Record<string, unknown> =>
  Object.fromEntries(
    runsOf(folder)
      .filter((run) => run !== sweepOf(folder))
      .map((run) => [run, resultOf(folder, run).metrics]),
  );

/** Waits until something is so. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(20);
}

/** Jobs of a sweep that are over, by its log. */
const jobsOver = (folder: string): number => {
  const id = sweepOf(folder);
  if (id === undefined) return 0;
  const text = readFileSync(join(folder, "runs", id, "events.ndjson"), "utf8");
  return text.split("\n").filter((line) => line.includes('"outcome"')).length;
};

/** Checks that no job was put twice or has two outcomes, no run ended twice, and that the log is whole. */
function checkOnce(t: Test, folder: string, jobs: number): void {
  const events = eventsOf(folder, sweepOf(folder));
  t.same(
    events.map(({ seq }) => seq),
    events.map((_event, i) => i + 1),
    "numbers without gap or repeat",
  );
  const told = events.flatMap((event) => (event.type === "job" ? [event] : []));
  const put = told.filter(({ outcome }) => outcome === undefined).map(({ job }) => job.id);
  const ended = told.filter(({ outcome }) => outcome !== undefined).map(({ job }) => job.id);
  t.equal(put.length, jobs);
  t.same([...new Set(put)].sort(), [...ended].sort(), "each job was put once, and has one outcome");
  for (const run of runsOf(folder).filter((name) => name !== sweepOf(folder))) {
    const ends = eventsOf(folder, run).filter((event) => event.type === "ended" && event.status === "passed");
    t.equal(ends.length, 1, `${run} ran once to its end`);
  }
}

t.test("a sweep runs to its end, and tells all of it as JSON lines", (t) => {
  const folder = folderWith(t, SWEEP);
  const { code, out, err } = dsgan(folder, "sweep", "toys.yaml", "--json", "--junit", "toys.xml");
  t.equal(code, 0, err);
  const lines = out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  t.match(lines[0], { seq: 1, type: "started", application: "sweep" });
  t.match(
    lines[1],
    { seq: 2, type: "stage", stage: "jobs", steps: 4 },
    "how many there will be, before any is over",
  );
  t.match(lines.at(-2), { type: "ended", status: "passed" });
  const result = lines.at(-1);
  t.match(result, {
    ...{ type: "result", status: "passed", jobs: { put: 4, over: 4 } },
    expectations: [{ metric: "mean share", value: 0.9, met: true }],
  });
  t.match(result.trials, [
    {
      settings: { "application.share": 0.7 },
      state: "ended",
      seeds: [0, 1],
      metrics: { share: { mean: 0.7 } },
    },
    { settings: { "application.share": 0.9 }, state: "ended", metrics: { share: { deviation: 0 } } },
  ]);
  t.match(result.differences, [{ metric: "share", found: { n: 2, p: 0 } }]);
  t.match(
    readFileSync(join(folder, "toys.xml"), "utf8"),
    /<testcase classname="toys\.yaml" name="mean share at least 0\.8"/,
  );
  checkOnce(t, folder, 4);

  const began = runsOf(folder).map((run) => eventsOf(folder, run).length);
  const again = dsgan(folder, "sweep", "toys.yaml");
  t.equal(again.code, 0, again.err);
  t.match(again.out, /^application\.share +state +seeds +share$/m);
  t.match(again.out, /passed toys in .*: 1 of 1 expectation met/);
  t.same(
    runsOf(folder).map((run) => eventsOf(folder, run).length),
    began,
    "once more runs nothing",
  );
  writeFileSync(join(folder, "toys.yaml"), SWEEP.replace("0.8", "0.95"));
  const stricter = dsgan(folder, "sweep", "toys.yaml", "--quiet");
  t.equal(stricter.code, 1, "other bounds are held against the same runs");
  t.match(stricter.out, /^missed mean share 0\.9, expected at least 0\.95\n/);
  t.match(dsgan(folder, "compare").out, /share/, "a sweep among the runs is passed over");
  t.match(dsgan(folder, "resume", sweepOf(folder)), { code: 2, err: /is a sweep: use dsgan sweep resume/ });
  t.end();
});

t.test("a host that is killed is replaced by another, and no run is made twice", async (t) => {
  const text = SWEEP.replace("vary:", "set: { application.steps: 30, application.delay: 50 }\nvary:");
  const whole = folderWith(t, text);
  t.equal(dsgan(whole, "sweep", "toys.yaml", "--quiet").code, 0);
  const folder = join(whole, "killed");
  spawnSync("mkdir", [folder]);
  writeFileSync(join(folder, "toys.yaml"), text);
  for (const after of [0, 1, 2]) {
    const host = begin(folder, "sweep", "toys.yaml", "--at-once", "2");
    const gone = over(host);
    await until(() => runsOf(folder).length > 1 && jobsOver(folder) >= after);
    host.kill("SIGKILL");
    await gone;
  }
  t.match(dsgan(folder, "sweep", "status", sweepOf(folder)).out, /abandoned: its host is gone/);
  const { code, err } = dsgan(folder, "sweep", "resume", sweepOf(folder), "--at-once", "2");
  t.equal(code, 0, err);
  t.same(metricsOf(folder), metricsOf(whole), "the same trials with the same metrics");
  checkOnce(t, folder, 4);
});

t.test("one failed trial does not end a sweep, too many do", (t) => {
  const failing = SWEEP.replace("application.share: [0.7, 0.9]", "application.end: [broken, well]");
  const folder = folderWith(t, failing);
  const { code, out } = dsgan(folder, "sweep", "toys.yaml");
  t.equal(code, 0);
  t.match(out, /end=broken seed=0 {2}failed: .*the toy is broken/);
  t.match(out, /^broken +failed, 2 runs failed +0\/2/m);
  writeFileSync(join(folder, "toys.yaml"), `${failing}limits: { failures: 1, retries: 0 }\n`);
  const limited = dsgan(folder, "sweep", "toys.yaml", "--runs", "others", "--at-once", "1");
  t.equal(limited.code, 3);
  t.match(limited.err, /toys\.yaml: 2 runs failed, 1 may\. The last one: .*the toy is broken/);
  const all = failing.replace("[broken, well]", "[broken]");
  writeFileSync(join(folder, "toys.yaml"), all);
  t.match(dsgan(folder, "sweep", "toys.yaml"), { code: 3, err: /no trial has come to its end/ });
  writeFileSync(join(folder, "toys.yaml"), all.replace("share", "shore"));
  t.equal(dsgan(folder, "sweep", "toys.yaml").code, 3);
  writeFileSync(join(folder, "toys.yaml"), SWEEP.replaceAll("maximize: share", "maximize: shore"));
  t.match(dsgan(folder, "sweep", "toys.yaml"), {
    code: 2,
    err: /toys\.yaml:6: .*no metric "shore"; did you mean/,
  });
  t.end();
});

t.test("a sweep is detached, cancelled from elsewhere, and resumed", async (t) => {
  const text = SWEEP.replace("vary:", "set: { application.steps: 100, application.delay: 50 }\nvary:");
  const folder = folderWith(t, text);
  const detached = dsgan(folder, "sweep", "toys.yaml", "--detach");
  t.equal(detached.code, 0, detached.err);
  const id = sweepOf(folder);
  t.match(detached.out, new RegExp(`^sweep ${id} goes on in process \\d+`));
  await until(() => runsOf(folder).length > 1);
  t.match(dsgan(folder, "sweep", "status", id).out, /: running in process \d+ on /);
  t.match(dsgan(folder, "sweep", "toys.yaml"), {
    code: 2,
    err: /hosts sweep .+ already/,
  });
  const { code, out } = dsgan(folder, "sweep", "cancel", id);
  t.equal(code, 0);
  t.match(out, `sweep ${id}: cancelled; go on with: dsgan sweep resume ${id}`);
  t.equal(resultOf(folder, id).status, "cancelled");
  t.match(dsgan(folder, "sweep", "cancel", id), { code: 2, err: /is not running: cancelled/ });
  t.equal(dsgan(folder, "sweep", "resume", id, "--quiet").code, 0);
  checkOnce(t, folder, 4);
});

t.test("SIGTERM and Ctrl-C stop a sweep with checkpoints, and tell how to go on", async (t) => {
  const text = SWEEP.replace("vary:", "set: { application.steps: 100, application.delay: 50 }\nvary:");
  const folder = folderWith(t, text);
  const host = spawn(process.execPath, [main, "sweep", "toys.yaml"], { cwd: folder, env });
  let out = "";
  host.stdout.on("data", (chunk) => (out += chunk));
  const gone = over(host);
  await until(() => runsOf(folder).length > 1);
  host.kill("SIGINT");
  t.equal(await gone, 130);
  t.match(out, `go on with: dsgan sweep resume ${sweepOf(folder)}`);
  t.equal(dsgan(folder, "sweep", "toys.yaml", "--quiet").code, 0);
  checkOnce(t, folder, 4);
});

t.test("with rungs, paused runs go on exactly, and only the best", (t) => {
  const rungs = SWEEP.replace("vary:", "set: { application.steps: 12, application.report: true }\nvary:")
    .replace("[0.7, 0.9]", "[0.6, 0.7, 0.8, 0.9]")
    .replace("search: grid", "search: { use: asha, trials: 4, rungs: [3, 6], keep: 1/2 }");
  const folder = folderWith(t, rungs);
  const { code, out, err } = dsgan(folder, "sweep", "toys.yaml", "--json", "--at-once", "1");
  t.equal(code, 0, err);
  const { trials } = JSON.parse(out.trim().split("\n").at(-1)!);
  const states = trials.map(({ state }: { state: string }) => state);
  t.ok(states.includes("ended") && states.includes("paused"), String(states));
  const best = trials.find((trial: { state: string }) => trial.state === "ended");
  t.equal(best.settings["application.share"], 0.9);
  const near = (step: number): number => 0.9 * (1 - 1 / (step + 1));
  t.same(best.scores, [near(3), near(6), 0.9], "scored at its rungs and its end");
  const waiting = trials.find((trial: { state: string }) => trial.state === "paused");
  t.equal(resultOf(folder, `${waiting.id}-seed0`).status, "paused");
  t.match(dsgan(folder, "list", "runs").out, /-seed0 +toy +paused/);
  const page = readFileSync(join(folder, "runs", sweepOf(folder), "report.html"), "utf8");
  t.match(page, /<h1>toys <span class="badge passed">passed<\/span>/);
  t.match(page, /(\d+) of \1 jobs over/);
  t.match(page, /<td>best<\/td>\s*<td class="value">0\.9<\/td>/, "the trials, with the best");
  t.equal(page.match(/<circle /g)?.length, 4, "a dot for each trial, the goal against the parameter");
  t.equal(page.match(/class="best"/g)?.length, 1);
  t.match(page, /<img src="data:image\/png;base64,/, "mean curves of runs that report on the way");
  const events = eventsOf(folder, `${best.id}-seed0`);
  t.equal(events.filter(({ type }) => type === "resumed").length, 2);
  const steps = events.flatMap((event) => (event.type === "progress" ? [event.step] : []));
  t.same(
    steps,
    Array.from({ length: 12 }, (_, i) => i + 1),
    "each step once",
  );
  t.end();
});
