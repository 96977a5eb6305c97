import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t, { type Test } from "tap";
import { inheritedDenoFlags, inheritedFlags } from "../../server/trainer/launch.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const main = join(root, "server/cli/main.ts");

t.test("inheritedFlags() leaves out what is about the process itself, with its values", (t) => {
  const kept = [
    "--import",
    "./a.mjs",
    "--conditions=dev",
    "-C",
    "dev",
    "-r",
    "./b.cjs",
    "--max-old-space-size=99",
  ];
  t.strictSame(inheritedFlags(kept), kept);
  t.strictSame(inheritedFlags(["--experimental-transform-types", "--input-type", "module", "-e", "1 + 1"]), [
    "--experimental-transform-types",
  ]);
  t.strictSame(
    inheritedFlags([
      "--inspect-brk=0",
      "--watch",
      "--test",
      "--test-name-pattern",
      "--import",
      "--eval=--import",
      "--no-warnings",
    ]),
    ["--no-warnings"],
    "the value of a flag is no flag",
  );
  t.end();
});

t.test("inheritedDenoFlags() takes those before the module that are about modules and permissions", (t) => {
  const of = (line: string): string[] => inheritedDenoFlags(line.split(" "));
  t.strictSame(of("deno run -A --config my.json --watch --import-map=a.json main.ts --config other.json"), [
    "-A",
    "--config",
    "my.json",
    "--import-map=a.json",
  ]);
  t.strictSame(of("deno -RW --allow-env=A,B --quiet main.ts -A"), ["-RW", "--allow-env=A,B"]);
  t.strictSame(of("deno test --no-check --parallel -c x.json -A --filter=a test/"), [
    "--no-check",
    "-c",
    "x.json",
    "-A",
  ]);
  t.strictSame(inheritedDenoFlags(undefined), ["-A"]);
  t.end();
});

/** A plugin in `my/plugin`, which only a flag of the runtime makes importable, and what it needs. */
function project(t: Test): string {
  return t.testdir({
    "plugin.mjs": `export { default } from ${JSON.stringify(new URL("../fixtures/toy.ts", import.meta.url).href)};`,
    "hook.mjs":
      "import { registerHooks } from 'node:module';\n" +
      "registerHooks({ resolve: (name, context, next) => next(name === 'my-plugin' ? " +
      "new URL('./plugin.mjs', import.meta.url).href : name, context) });",
    "map.json": '{ "imports": { "my-plugin": "./plugin.mjs" } }',
    "my.yaml": "engine: cpu\nplugins: [my-plugin]\napplication: toy\n",
  });
}

t.test("a trainer finds the plugins that `dsgan validate` finds, whatever flag makes them found", (t) => {
  const cwd = project(t);
  const { NODE_OPTIONS, ...env } = process.env;
  const node = [process.execPath, "--import", "./hook.mjs", main];
  const deno = [join(root, "node_modules/.bin/deno"), "run", "-A", "--import-map", "map.json", main];
  for (const [command, ...args] of [node, deno]) {
    for (const verb of ["validate", "run"]) {
      const { status, stderr } = spawnSync(command!, [...args, verb, "my.yaml"], {
        cwd,
        env,
        encoding: "utf8",
      });
      t.equal(status, 0, `${command} ${verb}: ${stderr}`);
    }
  }
  t.end();
});
