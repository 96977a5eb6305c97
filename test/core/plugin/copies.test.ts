import { spawnSync } from "node:child_process";
import { cpSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import t from "tap";
import { InputError, RunError } from "../../../core/mod.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** A second copy of the core, as a plugin with a dsgan of its own has. */
const folder = t.testdir();
cpSync(join(root, "core"), join(folder, "core"), { recursive: true });
symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
const copy = pathToFileURL(join(folder, "core/mod.ts")).href;
const errors: typeof import("../../../core/plugin/errors.ts") = await import(
  pathToFileURL(join(folder, "core/plugin/errors.ts")).href
);

t.test("errors of another copy of the core are known as what they are", (t) => {
  t.not(errors.InputError, InputError, "it is another copy");
  const input = new errors.InputError([{ path: "a.b", message: "is wrong" }], { file: "x.yaml" });
  const broken = new errors.RunError("it broke");
  t.ok(input instanceof InputError && !(input instanceof RunError));
  t.ok(broken instanceof RunError && !(broken instanceof InputError));
  for (const other of [new Error("InputError"), { name: "InputError" }, null, "InputError", undefined]) {
    t.notOk((other as unknown) instanceof InputError);
  }
  class Derived extends InputError {}
  t.ok(new Derived("x") instanceof InputError && new Derived("x") instanceof Derived);
  t.notOk(new InputError("x") instanceof Derived, "what is derived is known by its class");
  t.end();
});

t.test("a plugin of another copy is told of once, and its InputErrors exit 2", (t) => {
  const dir = join(folder, "plugin");
  const plugin = `
    import { Applications, component, InputError } from ${JSON.stringify(copy)};
    export default component(Applications, { name: "act", summary: "", create() { throw new InputError("no data"); } });`;
  cpSync(join(root, "test/fixtures/toy.yaml"), join(dir, "toy.yaml"));
  writeFileSync(join(dir, "a.mjs"), plugin);
  const { NODE_OPTIONS, DSGAN_DEBUG, GITHUB_ACTIONS, ...env } = process.env;
  const sets = ["--set", "plugins=[./a.mjs]", "--set", "application=act"];
  const args = [join(root, "server/cli/main.ts"), "run", "toy.yaml", "--in-process", ...sets];
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: dir, env, encoding: "utf8" });
  t.equal(status, 2, stderr);
  t.match(stderr, "toy.yaml: application: no data (from --set application=act)");
  t.equal(stderr.match(/its core is loaded twice/g)?.length, 1);
  t.match(stderr, /peerDependency/);
  t.end();
});
