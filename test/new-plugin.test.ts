/** A stranger writes, tests and builds a plugin of each contract with nothing but the packed package. */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { assemble } from "../core/mod.ts";
import { builtinPlugins } from "../plugins/mod.ts";
import { TEMPLATES } from "../server/cli/new/new.ts";
import { consumer } from "./consumer.ts";

t.setTimeout(1_800_000);
const { folder, dsgan, remove } = consumer();
t.teardown(remove);

/** What no scenario names: the command line, the host or a sweep chooses them. */
const UNNAMED = ["download", "jobs", "painter", "search", "store"];

t.test("there is a template for every contract", async (t) => {
  const registry = await assemble(builtinPlugins);
  t.same(
    Object.keys(TEMPLATES).sort(),
    registry.contracts().map(({ kind }) => kind),
  );
});

/** A run of a second by a package that is installed. */
const PU = `
plugins: [dsgan-pu-learning]
engine: cpu
application:
  use: pu-learning
  data: { use: moons, size: 200 }
  positive: [0]
  prior: 0.5
  labelled: 20
  unlabelled: 50
  generator: { use: mlp, hidden: [8] }
  critic: { use: mlp, hidden: [8] }
  m: 16
  steps: 5
  classifierSteps: 20
  compare: []
`;

const command = join(folder, "node_modules/dsgan/dist/server/cli/main.js");

/** Runs a program in a folder, which must succeed. @returns what it printed */
type Run = (program: string, ...args: string[]) => string;

function runIn(t: Test, cwd: string): Run {
  return (program, ...args) => {
    const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: "utf8" });
    t.equal(status, 0, `${program} ${args.join(" ")}: ${status === 0 ? "" : (stdout + stderr).slice(-2000)}`);
    return stdout;
  };
}

/** Checks a package's types, and runs its test under Node and Deno. */
function check(t: Test, cwd: string): Run {
  const run = runIn(t, cwd);
  run("tsc");
  run(process.execPath, "--test");
  run("deno", "test", "-A", "--no-check");
  return run;
}

for (const kind of Object.keys(TEMPLATES)) {
  t.test(`dsgan new plugin ${kind}: its types, its test under Node and Deno, its build`, async (t) => {
    const name = `my-${kind}`;
    t.match(dsgan("new", "plugin", kind, name), `cd ${name}`);
    const cwd = join(folder, name);
    const run = check(t, cwd);
    run("tsc", "-p", "tsconfig.build.json");
    t.ok(existsSync(join(cwd, `dist/${name}.js`)) && existsSync(join(cwd, `dist/${name}.d.ts`)));
    t.match(run(process.execPath, command, "validate", "scenario.yaml"), "scenario.yaml: valid");
    run(process.execPath, command, "schema", "scenario.yaml", "--write", "scenario.schema.json");
    if (!UNNAMED.includes(kind)) {
      t.match(readFileSync(join(cwd, "scenario.schema.json"), "utf8"), JSON.stringify(name));
    }
    const plugin = `./src/${name}.ts`;
    run(process.execPath, command, "options", "--plugin", plugin, "--write", "README.md");
    t.match(
      readFileSync(join(cwd, "README.md"), "utf8"),
      /\| option \| meaning \| default \||It has no options\./,
    );
    rmSync(cwd, { recursive: true });
  });
}

t.test("pu-learning, a package beside dsgan: its own test, its tarball, runs of it on Node and Deno", (t) => {
  const cwd = join(folder, "pu-learning");
  cpSync(new URL("../scenarios/examples/pu-learning", import.meta.url), cwd, { recursive: true });
  const readme = readFileSync(join(cwd, "README.md"), "utf8");
  const run = check(t, cwd);
  const packed = run("npm", "pack", "--silent").trim().split("\n").at(-1)!; // by its own scripts
  t.equal(readFileSync(join(cwd, "README.md"), "utf8"), readme, "its table of options is current");
  const installed = join(folder, "node_modules/dsgan-pu-learning");
  mkdirSync(installed);
  run("tar", "xzf", packed, "--strip-components=1", "-C", installed);
  rmSync(cwd, { recursive: true });

  writeFileSync(join(folder, "pu.yaml"), PU);
  const runs = [[process.execPath], ["deno", "run", "-A", "--node-modules-dir=manual"]].map(
    ([program, ...args]) =>
      JSON.parse(
        runIn(t, folder)(program!, ...args, command, "run", "pu.yaml", "--in-process", "--json")
          .trim()
          .split("\n")
          .at(-1)!,
      ),
  );
  for (const { status } of runs) t.equal(status, "passed");
  t.ok(Number.isFinite(runs[0].metrics.auroc));
  t.same(runs[1].metrics, runs[0].metrics, "the same numbers on Deno");
  t.end();
});

t.test("dsgan new plugin refuses what cannot be", async (t) => {
  dsgan("new", "plugin", "mixer", "one");
  const main = join(folder, "node_modules/dsgan/dist/server/cli/main.js");
  for (const [args, message] of [
    [["mixr", "two"], 'unknown contract "mixr"; did you mean "mixer"?'],
    [["mixer", "Not A Name"], "use lower case, words joined by dashes"],
    [["mixer", "../out"], "use lower case, words joined by dashes"],
    [["mixer", "one"], "one is there already, and not empty"],
  ] as const) {
    const { status, stderr } = spawnSync(process.execPath, [main, "new", "plugin", ...args], {
      cwd: folder,
      encoding: "utf8",
    });
    t.equal(status, 2, args.join(" "));
    t.match(stderr, message);
  }
  t.match(dsgan("list", "plugins", "--plugin", "./one/src/one.ts", "--json"), /"name": "one"/);
});
