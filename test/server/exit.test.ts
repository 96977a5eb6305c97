/** Exit codes of the command, whatever plugins do to its process. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";

const root = fileURLToPath(new URL("../..", import.meta.url));
const main = join(root, "server/cli/main.ts");
const core = JSON.stringify(new URL("../../core/mod.ts", import.meta.url).href);

/** A plugin of an application `act`. */
const plugin = (run: string, create = "", before = ""): string => `
import { Applications, component } from ${core};
${before}
export default component(Applications, {
  name: "act",
  summary: "Does what the test says",
  create() {
    ${create}
    return { name: "act", async *run() { ${run} } };
  },
});`;

const cwd = t.testdir({
  "act.yaml": "name: act\nengine: cpu\napplication: replaced\n",
  "exit-at-import.mjs": plugin("", "", "process.exit(0);"),
  "exit-in-create.mjs": plugin("", "process.exit(1);"),
  "exit-in-run.mjs": plugin("process.exit(0);"),
  "throw-later.mjs": plugin(
    "setTimeout(() => { throw new Error('too late'); }); await new Promise(() => setInterval(() => {}, 1000));",
  ),
  "reject.mjs": plugin(
    "Promise.reject(new TypeError('nobody awaits me')); await new Promise(() => setInterval(() => {}, 1000));",
  ),
  "throw-nothing.mjs": plugin(
    "setTimeout(() => { throw undefined; }); await new Promise(() => setInterval(() => {}, 1000));",
  ),
  "wait.mjs": plugin("await new Promise(() => {});"),
});

interface Ended {
  readonly code: number | null;
  readonly err: string;
}

function dsgan(name: string, ...args: string[]): Ended {
  const { NODE_OPTIONS, CI, GITHUB_ACTIONS, DSGAN_DEBUG, ...env } = process.env;
  const scenario = ["--set", `plugins=[./${name}.mjs]`, "--set", "application=act"];
  const { status, stderr } = spawnSync(process.execPath, [main, ...args, ...scenario], {
    cwd,
    env,
    encoding: "utf8",
  });
  return { code: status, err: stderr };
}

const inProcess = (name: string): Ended => dsgan(name, "run", "act.yaml", "--in-process", "--runs", name);

t.test("a plugin that calls process.exit is told, with exit code 3", (t) => {
  const cases: [Ended, number][] = [
    [dsgan("exit-at-import", "validate", "act.yaml"), 0],
    [inProcess("exit-at-import"), 0],
    [inProcess("exit-in-create"), 1],
    [inProcess("exit-in-run"), 0],
  ];
  for (const [{ code, err }, said] of cases) {
    t.equal(code, 3, err);
    t.match(
      err,
      `dsgan: the process ended before the command was done: something called process.exit(${said})`,
    );
  }
  const { code, err } = dsgan("exit-in-run", "run", "act.yaml", "--runs", "apart");
  t.equal(code, 3, err);
  t.match(
    err,
    "the process that trained exited before its run ended: a plugin or an engine called process.exit",
  );
  t.end();
});

t.test("an error that nothing catches is told with its stack, with exit code 3", (t) => {
  for (const [name, message] of [
    ["throw-later", "too late"],
    ["reject", "nobody awaits me"],
    ["throw-nothing", "undefined"],
  ] as const) {
    const here = inProcess(name);
    t.equal(here.code, 3, here.err);
    t.match(here.err, `dsgan: an error that nothing caught: ${message}`);
    if (name !== "throw-nothing") t.match(here.err, new RegExp(`at .*${name}\\.mjs:\\d+:\\d+`));

    const runs = `${name}-apart`;
    const apart = dsgan(name, "run", "act.yaml", "--runs", runs);
    t.equal(apart.code, 3, apart.err);
    t.match(apart.err, `act.yaml: an error that nothing caught: ${message}. The run can be resumed`);
    const [id] = readdirSync(join(cwd, runs));
    const result = JSON.parse(readFileSync(join(cwd, runs, id!, "result.json"), "utf8"));
    t.match(result, { status: "failed", error: { kind: "run", message } });
    if (name !== "throw-nothing") t.match(result.error.stack, `${name}.mjs`);
  }
  t.end();
});

t.test("a run that waits for what cannot happen any more is told, with exit code 3", (t) => {
  const { code, err } = inProcess("wait");
  t.equal(code, 3, err);
  t.match(err, "waits for something that can no longer happen");
  t.end();
});
