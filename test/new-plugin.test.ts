/** A stranger writes, tests and builds a plugin of each contract with nothing but the packed package. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { assemble } from "../core/mod.ts";
import { builtinPlugins } from "../plugins/mod.ts";
import { TEMPLATES } from "../server/cli/new/new.ts";
import { consumer } from "./consumer.ts";

t.setTimeout(900_000);
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

for (const kind of Object.keys(TEMPLATES)) {
  t.test(`dsgan new plugin ${kind}: its types, its test under Node and Deno, its build`, async (t) => {
    const name = `my-${kind}`;
    t.match(dsgan("new", "plugin", kind, name), `cd ${name}`);
    const cwd = join(folder, name);
    const run = (command: string, ...args: string[]): string => {
      const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: "utf8" });
      t.equal(
        status,
        0,
        `${command} ${args.join(" ")}: ${status === 0 ? "" : (stdout + stderr).slice(-2000)}`,
      );
      return stdout;
    };
    run("tsc");
    run(process.execPath, "--test");
    run("deno", "test", "-A", "--no-check");
    run("tsc", "-p", "tsconfig.build.json");
    t.ok(existsSync(join(cwd, `dist/${name}.js`)) && existsSync(join(cwd, `dist/${name}.d.ts`)));
    const command = join(folder, "node_modules/dsgan/dist/server/cli/main.js");
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
