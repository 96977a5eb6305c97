/** The command line through its front door: a process of its own for each case. */
import { spawn } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";

t.setTimeout(600_000); // minutes on a busy machine

const root = fileURLToPath(new URL("../..", import.meta.url));
const main = join(root, "server/cli/main.ts");
const toy = "test/fixtures/toy.yaml";

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

interface Options {
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  /** Called with all of stdout so far. */
  readonly watch?: (out: string, kill: (signal: NodeJS.Signals) => void) => void;
}

/** Node without what tap makes every child load, which would double the time. */
const BARE = ["-u", "NODE_OPTIONS", process.execPath];

/** Runs the command, free of what the CI that runs this test has set. */
function dsgan(args: readonly string[], { cwd = root, env = {}, watch }: Options = {}): Promise<Ended> {
  const { CI, GITHUB_ACTIONS, NO_COLOR, FORCE_COLOR, DSGAN_DEBUG, npm_lifecycle_event, ...inherited } =
    process.env;
  const child = spawn("env", [...BARE, main, ...args], { cwd, env: { ...inherited, ...env } });
  let out = "";
  let err = "";
  child.stdout.on("data", (data) => {
    out += data;
    watch?.(out, (signal) => void child.kill(signal));
  });
  child.stderr.on("data", (data) => {
    err += data;
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, out, err }));
  });
}

const sets = (...overrides: string[]): string[] => overrides.flatMap((text) => ["--set", text]);

/** The one run in a folder. */
function runIn(folder: string): string {
  const runs = readdirSync(folder);
  if (runs.length !== 1) throw new Error(`expected one run in ${folder}, got ${runs}`);
  return join(folder, runs[0]!);
}

const json = (path: string) => JSON.parse(readFileSync(path, "utf8"));

t.jobs = 2;

t.test("dsgan run exits 0 when every expectation is met, and leaves a whole run", async (t) => {
  const runs = join(t.testdir(), "runs");
  const { code, out, err } = await dsgan(["run", toy, "--runs", runs, "--seed", "3"]);
  t.equal(code, 0, err);
  t.equal(err, "");
  t.match(out, /^toy {2}seed 3 {2}/);
  t.match(out, /engine cpu .*\(asked for by name\)/);
  t.match(out, /stepping 100 % {2}4\/4/);
  t.match(out, "warning: a toy's numbers mean nothing");
  t.match(out, /│ share +│ +0\.9 │ at least 0\.5 │ met +│/);
  t.notMatch(out, "\x1b", "no colours where there is no terminal");
  const run = runIn(runs);
  const place = relative(root, run);
  t.match(out, `samples  ${place}/artifacts/samples.npy\nreport   ${place}/report.html\n`);
  t.match(out, /\npassed toy in .*: 1 of 1 expectation met \(.*\)\n$/);

  t.match(json(join(run, "result.json")), { status: "passed", metrics: { share: 0.9 } });
  t.match(json(join(run, "environment.json")), {
    engine: { name: "cpu" },
    dsgan: json(join(root, "package.json")).version,
    runtime: { name: "node", version: process.versions.node },
    tfjs: /^\d+\.\d+\.\d+$/,
    os: { platform: process.platform },
    cpu: { cores: Number },
    memoryBytes: Number,
  });
  t.match(
    readFileSync(join(run, "scenario.yaml"), "utf8"),
    /^name: toy\n[\s\S]*seed: 3\n[\s\S]*share: 0\.9\n/,
  );
  t.match(readFileSync(join(run, "report.html"), "utf8"), `dsgan run ${toy} --set seed=3`);
});

t.test("dsgan run exits 1 when an expectation is missed, and marks its line on GitHub", async (t) => {
  const args = ["run", toy, "--runs", t.testdir(), ...sets("application.share=0.49")];
  const { code, out, err } = await dsgan(args, { env: { GITHUB_ACTIONS: "true" } });
  t.equal(code, 1, err);
  t.match(out, /│ share +│ +0\.49 │ at least 0\.5 │ missed │/);
  t.match(out, `::error file=${toy},line=7,title=expectation missed::share: 0.49, expected at least 0.5\n`);
  t.match(out, /::notice file=.*::toy missed: report in .*report\.html\n$/);
});

t.test("dsgan run exits 2 on bad input, a problem a line, with lines for GitHub", async (t) => {
  const folder = t.testdir({
    "bad.yaml": "nme: x\nseed: 1,5\napplication: toy\nplugins: []\n",
    "my scenario.yaml": "application: generat\n",
  });
  const runs = join(folder, "runs");
  const { code, out, err } = await dsgan(["run", "bad.yaml", "my scenario.yaml", "--runs", runs], {
    cwd: folder,
    env: { GITHUB_ACTIONS: "true" },
  });
  t.equal(code, 2);
  t.match(err.split("\n"), [
    /^bad\.yaml:1: nme: unknown name; did you mean "name"\?/,
    'bad.yaml:2: seed: expected a whole number, got "1,5"',
    /^bad\.yaml:3: application: unknown application "toy"\. Registered: /,
    /^my scenario\.yaml:1: application: unknown application "generat"; did you mean "generate"\?/,
    "",
  ]);
  t.match(out.split("\n"), [
    /^::error file=bad\.yaml,line=1,title=bad scenario::nme: /,
    /^::error file=bad\.yaml,line=2,/,
    /^::error file=bad\.yaml,line=3,/,
    /^::error file=my scenario\.yaml,line=1,/,
    "",
  ]);
  t.notOk(existsSync(runs), "nothing was run");
});

t.test(
  "dsgan run exits 2 on data that is bad, on a runs folder that cannot be written, on bad overrides",
  async (t) => {
    const folder = t.testdir({ locked: {}, file: "" });
    const data = await dsgan([
      "run",
      toy,
      "--runs",
      join(folder, "runs"),
      ...sets("application.end=bad-data"),
    ]);
    t.equal(data.code, 2);
    t.equal(data.err, `${toy}: data.idx: expected 16 bytes, got 3\n`);
    t.match(data.out, /failed toy in .*: bad input/);

    const unwritable = await dsgan(["run", toy, "--runs", join(folder, "file")]);
    t.equal(unwritable.code, 2);
    t.match(unwritable.err, `dsgan: cannot keep runs in ${join(folder, "file")}: `);
    const junit = await dsgan(["run", toy, "--runs", folder, "--junit", join(folder, "file/report.xml")]);
    t.equal(junit.code, 2);
    t.match(junit.err, /^dsgan: --junit .* cannot be written/);

    const overrides = await dsgan([
      "run",
      toy,
      "--runs",
      folder,
      ...sets("application.end=brokn", "seed.x=1"),
    ]);
    t.equal(overrides.code, 2);
    t.match(overrides.err, 'did you mean "broken"? (from --set application.end=brokn)');
  },
);

t.test("dsgan run exits 3 when the run breaks", async (t) => {
  const folder = t.testdir();
  const broken = await dsgan(["run", toy, "--runs", folder, ...sets("application.end=broken")]);
  t.equal(broken.code, 3);
  const message =
    /^application "toy": the toy is broken: 100 %, they say \(at .*test\/fixtures\/toy\.ts:\d+:\d+\)$/;
  const [line = "", ...rest] = broken.err.split("\n");
  const [file, at, ...words] = line.split(":");
  t.match(`${file}:${at}`, /^test\/fixtures\/toy\.yaml:\d+$/, "the line of the application");
  t.match(words.join(":").trim(), message);
  t.strictSame(rest, [""], "no stack unless it is asked for");
  const { error } = json(join(runIn(folder), "result.json"));
  t.match(error, { kind: "run", message, stack: /caused by: Error: the toy is broken[\s\S]*toy\.ts/ });
  const args = ["run", toy, "--debug", "--runs", join(folder, "debugged"), ...sets("application.end=broken")];
  const debugged = await dsgan(args);
  t.match(debugged.err, /caused by: Error: the toy is broken.*\n\s+at .*toy\.ts:\d+/, "from the trainer too");
});

t.test("dsgan run exits 1 when a metric ends as NaN: no bound is met by it", async (t) => {
  const folder = t.testdir();
  const nan = await dsgan(
    ["run", toy, "--runs", folder, "--quiet", ...sets("application.end=not-a-number")],
    {
      env: { GITHUB_ACTIONS: "true" },
    },
  );
  t.equal(nan.code, 1);
  t.match(nan.out.split("\n"), [
    "missed share NaN, expected at least 0.5",
    /^missed toy in .*: 0 of 1 expectation met/,
    /^::error file=test\/fixtures\/toy\.yaml,line=\d+,title=expectation missed::share: NaN, expected at least 0\.5$/,
    /^::notice/,
    "",
  ]);
});

t.test("dsgan run exits 130 on the first Ctrl-C, having kept what there is", async (t) => {
  const runs = t.testdir();
  const args = [
    "run",
    toy,
    toy,
    "--runs",
    runs,
    "--json",
    ...sets("application.steps=1000", "application.delay=900"),
  ];
  let sent = 0;
  const { code, signal, out, err } = await dsgan(args, {
    watch: (seen, kill) => {
      if (!seen.includes('"step":1,') || sent++ > 0) return;
      kill("SIGINT");
      setTimeout(() => kill("SIGINT"), 100); // as from npm: the same press once more
    },
  });
  t.equal(code, 130, err);
  t.equal(signal, null);
  t.match(err, "stopping; once more stops at once");
  const lines = out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const [run] = readdirSync(runs);
  t.match(lines.slice(-3), [
    { type: "ended", status: "cancelled" },
    { type: "result", status: "cancelled", run },
    { type: "result", status: "cancelled", run: null },
  ]);
  t.equal(lines.filter(({ type }) => type === "started").length, 1, "the second scenario was not begun");
  t.match(json(join(runIn(runs), "result.json")), { status: "cancelled" });
});

t.test(
  "dsgan run --resume passes over a run that died before it had begun, which dsgan resume tells",
  async (t) => {
    const runs = t.testdir();
    const args = ["run", toy, "--runs", runs, "--quiet"];
    t.equal((await dsgan(args)).code, 0);
    const scenario = join(runIn(runs), "scenario.yaml");
    const died = "toy-20991231-235959-ffff";
    mkdirSync(join(runs, died));
    copyFileSync(scenario, join(runs, died, "scenario.yaml"));
    const { code, err, out } = await dsgan([...args, "--resume"]);
    t.equal(code, 0, err);
    t.match(out, /^passed toy/);
    const told = await dsgan(["resume", join(runs, died)]);
    t.equal(told.code, 2);
    t.match(told.err, /has no environment\.json: it was stopped before it began.*Start it anew/);
  },
);

t.test("dsgan run --resume goes on with the same settings, however the scenario is described", async (t) => {
  const args = ["run", toy, "--runs", t.testdir(), "--json"];
  let sent = false;
  const slow = await dsgan([...args, ...sets("application.delay=500", "application.steps=6")], {
    watch: (seen, kill) => {
      if (sent || !seen.includes('"step":1,')) return;
      sent = true;
      kill("SIGINT");
    },
  });
  t.equal(slow.code, 130, slow.err);
  const begun = (out: string): string[] =>
    out.split("\n").flatMap((line) => (/"type":"(started|resumed)"/.exec(line) ?? []).slice(1));
  const other = await dsgan([...args, "--resume", ...sets("application.steps=6")]);
  t.same(begun(other.out), ["started"], "another setting is another run");
  const again = sets("application.delay=500", "application.steps=6", "description=worded anew", "tags=[b]");
  const resumed = await dsgan([...args, "--resume", ...again]);
  t.equal(resumed.code, 0, resumed.err);
  t.same(begun(resumed.out), ["resumed"]);
});

t.test("dsgan run stops at once on the second Ctrl-C", async (t) => {
  const args = ["run", toy, "--runs", t.testdir(), "--json", ...sets("application.delay=60000")];
  let sent = false;
  const { signal } = await dsgan(args, {
    watch: (seen, kill) => {
      if (!seen.includes('"step":1,') || sent) return;
      sent = true;
      const again = setInterval(() => kill("SIGINT"), 300);
      setTimeout(() => clearInterval(again), 5000).unref();
    },
  });
  t.equal(signal, "SIGINT", "which a shell shows as 130");
});

t.test("dsgan run --json writes events and the result, and nothing else, on stdout", async (t) => {
  const folder = t.testdir({
    "loud.mjs":
      "console.log('loud'); export default { name: 'loud', core: '*', install() { console.info('louder') } };",
  });
  const args = ["run", toy, "--runs", join(folder, "runs"), "--json"];
  const loud = sets(`plugins=[./toy.ts, ${JSON.stringify(join(folder, "loud.mjs"))}]`);
  const { code, out, err } = await dsgan([...args, ...loud], { env: { GITHUB_ACTIONS: "true" } });
  t.equal(code, 0, err);
  const lines = out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  t.match(lines[0], { seq: 1, type: "started", scenario: "toy" });
  t.strictSame(
    lines.slice(0, -1).map(({ seq }) => seq),
    lines.slice(0, -1).map((_, i) => i + 1),
  );
  t.match(lines.at(-2), { type: "ended" });
  t.match(lines.at(-1), {
    type: "result",
    status: "passed",
    metrics: { share: 0.9 },
    report: /report\.html$/,
  });
  t.match(err, /loud\nlouder\n[\s\S]*::notice /);
});

t.test("dsgan run goes through all its files, and exits with the worst", async (t) => {
  const folder = t.testdir({
    "low.yaml": `plugins: [${root}/${"test/fixtures/toy.ts"}]\nengine: cpu\napplication: { use: toy, share: 0.1 }\nexpect: { share: { atLeast: 0.5 }, "a<b": { atMost: 1 } }\n`,
  });
  const report = join(folder, "ci/junit.xml");
  const args = [
    "run",
    join(folder, "low.yaml"),
    "gone.yaml",
    toy,
    "--quiet",
    "--junit",
    report,
    "--runs",
    join(folder, "runs"),
  ];
  const { code, out, err } = await dsgan(args);
  t.equal(code, 2);
  t.match(out.split("\n"), [
    /^missed share 0\.1, expected at least 0\.5$/,
    /^missed a<b, expected at most 1 \(no such metric/,
    /^missed low in .*: 0 of 2 expectations met/,
    /^passed toy in /,
    "",
  ]);
  t.match(err, "there is no scenario file gone.yaml");
  const xml = readFileSync(report, "utf8");
  t.match(xml, /<testsuites name="dsgan" tests="6" failures="2" errors="1"/);
  t.match(xml, /<property name="share" value="0\.1"\/>/);
  t.match(
    xml,
    /<testcase classname="[^"]*low\.yaml" name="share at least 0\.5"[^>]*>\s*<failure message="share is 0\.1, expected at least 0\.5"/,
  );
  t.match(xml, 'message="a&lt;b is not there, expected at most 1');
  t.match(
    xml,
    /<testcase classname="gone\.yaml" name="runs"[^>]*>\s*<error message="there is no scenario file gone\.yaml/,
  );
  t.match(xml, /<testcase classname="test\/fixtures\/toy\.yaml" name="share at least 0\.5"\/>/);
});

t.test("dsgan run --junit shows what broke as an error", async (t) => {
  const folder = t.testdir();
  const report = join(folder, "junit.xml");
  await dsgan([
    "run",
    toy,
    "--quiet",
    "--junit",
    report,
    "--runs",
    folder,
    ...sets("application.end=broken"),
  ]);
  t.match(
    readFileSync(report, "utf8"),
    /errors="1"[\s\S]*<testcase classname="test\/fixtures\/toy\.yaml" name="runs"[^>]*>\s*<error message="application &quot;toy&quot;: the toy is broken: 100 %, they say \(at [^"]*" type="run"/,
  );
});

t.test("dsgan run outlives whoever reads its output", async (t) => {
  const runs = t.testdir();
  const child = spawn("env", [...BARE, main, "run", toy, "--runs", runs, ...sets("application.delay=50")], {
    cwd: root,
  });
  child.stdout.once("data", () => child.stdout.destroy());
  const code = await new Promise((resolve) => child.on("exit", resolve));
  t.equal(code, 0);
  t.match(json(join(runIn(runs), "result.json")), { status: "passed" });
});

t.test("dsgan run names the scenario nearest to one that is not there", async (t) => {
  const { code, err } = await dsgan(["run", "fig6-mnits"]);
  t.equal(code, 2);
  t.match(err, 'there is no scenario file fig6-mnits; did you mean "paper/fig6-mnist"?');
  const folder = await dsgan(["run", "test/fixtures"]);
  t.equal(
    folder.err,
    "dsgan: test/fixtures is a folder. Name a file in it: kubernetes-job.json, short.yaml, toy.yaml, walk.yaml\n",
  );
  const outside = await dsgan(["validate", "fig6-mnist", "paper/fig3-ring"], { cwd: t.testdir() });
  t.equal(outside.code, 0, outside.err);
  t.match(outside.out, /fig6-mnist\.yaml: valid\n.*fig3-ring\.yaml: valid\n/);
});

t.test("dsgan says how it is used, and exits 2 when it is used otherwise", async (t) => {
  const help = await dsgan(["--help"]);
  t.equal(help.code, 0);
  t.match(help.out, /Examples:[\s\S]*dsgan run fig6-mnist[\s\S]*Exit codes:[\s\S]*130 /);
  const runHelp = await dsgan(["run", "--help"]);
  t.match(
    runHelp.out,
    /--set <path=value>[\s\S]*--seed <n>[\s\S]*--engine[\s\S]*--runs[\s\S]*--json[\s\S]*--junit[\s\S]*--quiet[\s\S]*Examples:/,
  );
  t.strictSame(await dsgan(["--version"]), {
    code: 0,
    signal: null,
    out: `${json(join(root, "package.json")).version}\n`,
    err: "",
  });
  const cases: [string[], RegExp][] = [
    [[], /^Usage: dsgan/],
    [["rn", toy], /unknown command 'rn'[\s\S]*run/],
    [["run"], /missing required argument 'scenario'/],
    [["run", toy, "--josn"], /unknown option '--josn'[\s\S]*--json/],
    [["run", toy, "--seed", "few"], /argument 'few' is invalid. Expected a whole number/],
    [["run", toy, "--set", "seed"], /^dsgan: --set seed: expected path=value/],
    [["run", toy, "--json", "--quiet"], /cannot go together/],
    [["list", "plugin"], /Allowed choices are plugins, scenarios, engines, runs/],
  ];
  for (const [args, message] of cases) {
    const { code, out, err } = await dsgan(args);
    t.equal(code, 2, args.join(" "));
    t.match(err, message);
    t.equal(out, "");
  }
});

t.test("dsgan run tells where an error came from only when asked", async (t) => {
  const args = ["run", "gone.yaml"];
  t.notMatch((await dsgan(args)).err, /\n\s+at /);
  t.match((await dsgan(args, { env: { DSGAN_DEBUG: "1" } })).err, /\n\s+at .*find\.ts/);
});

t.test("dsgan validate checks without running", async (t) => {
  const folder = t.testdir({ "bad.yaml": "seed: 1\nseed: 2\n" });
  const { code, out, err } = await dsgan(["validate", join(root, toy), "bad.yaml"], { cwd: folder });
  t.equal(code, 2);
  t.equal(out, `${join(root, toy)}: valid\n`);
  t.match(err, /^bad\.yaml:2: not valid YAML: seed stands here a second time/);
  t.strictSame(readdirSync(folder), ["bad.yaml"]);
  t.equal((await dsgan(["validate", toy, ...sets("application.end=broken")])).code, 0);
});

t.test("dsgan list shows plugins, scenarios, engines and runs", async (t) => {
  const runs = t.testdir();
  await dsgan(["run", toy, "--quiet", "--runs", runs]);
  const { code, out } = await dsgan(["list", "--json", "--runs", runs]);
  t.equal(code, 0);
  const lists = JSON.parse(out);
  t.match(
    lists.plugins.find((row: { name: string }) => row.name === "wgan-gp"),
    { kind: "objective", summary: /gradient penalty/ },
  );
  t.match(
    lists.scenarios.find((row: { name: string }) => row.name === "paper/fig6-mnist"),
    { description: /digit/ },
  );
  t.match(
    lists.engines.find((row: { name: string }) => row.name === "cpu"),
    { works: "yes" },
  );
  t.match(lists.runs, [{ scenario: "toy", status: "passed" }]);
  const plain = await dsgan(["list", "runs", "--runs", runs]);
  t.match(plain.out, /^run +scenario +status +time\ntoy-\S+ +toy +passed +\S+ s\n$/);
  t.equal((await dsgan(["list", "runs", "--runs", join(runs, "none")])).out, "no runs\n");
});

t.test("dsgan leaves nothing unsaid to a reader that takes its time", async (t) => {
  const command = `"$0" "${main}" schema | (sleep 0.5; cat)`;
  const child = spawn("env", ["-u", "NODE_OPTIONS", "sh", "-c", command, process.execPath], { cwd: root });
  let out = "";
  child.stdout.on("data", (data) => {
    out += data;
  });
  await new Promise((resolve) => child.on("close", resolve));
  t.ok(out.length > 65536, "more than a pipe holds");
  t.equal(JSON.parse(out).title, "dsgan scenario");
});

t.test("dsgan schema prints or writes the schema of scenarios", async (t) => {
  const folder = t.testdir({ locked: {} });
  const printed = await dsgan(["schema"]);
  t.equal(printed.code, 0);
  const { title, else: closed } = JSON.parse(printed.out);
  t.equal(title, "dsgan scenario");
  t.match(closed, { properties: { application: {} } });
  const written = await dsgan(["schema", "--write", join(folder, "schema.json")]);
  t.strictSame(written, { code: 0, signal: null, out: "", err: "" });
  t.equal(readFileSync(join(folder, "schema.json"), "utf8"), printed.out);
  chmodSync(join(folder, "locked"), 0o500);
  const refused = await dsgan(["schema", "--write", join(folder, "locked/none/schema.json")]);
  t.equal(refused.code, 2);
  t.match(refused.err, /^dsgan: --write .* cannot be written/);
});
