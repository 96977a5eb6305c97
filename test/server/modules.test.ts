/** How the modules of plugins are found: beside the scenario first, then beside dsgan. */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import t from "tap";
import { loadPlugins } from "../../core/mod.ts";
import { modules } from "../../server/trainer/modules.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const main = join(root, "server/cli/main.ts");
const core = JSON.stringify(new URL("../../core/mod.ts", import.meta.url).href);
const { NODE_OPTIONS, DSGAN_DEBUG, GITHUB_ACTIONS, ...env } = process.env;

const plugin = `
import { Applications, component } from ${core};
import { note } from "./note.js";
export default component(Applications, {
  name: "act",
  summary: "",
  create: () => ({
    name: "act",
    async *run({ state }) {
      const step = state.cell("step", 0);
      for (; step.value < 2; step.value++) await state.settle();
      if (process.env.BREAK) throw new Error("broken off");
      yield { type: "warning", message: note };
    },
  }),
});`;

/** A project whose package \my-plugin can only be imported, not required. */
const cwd = t.testdir({
  "my.yaml": "name: my\nengine: cpu\ncheckpoint: { steps: 1 }\nplugins: [my-plugin]\napplication: act\n",
  node_modules: {
    "my-plugin": {
      "package.json":
        '{ "name": "my-plugin", "version": "1.2.3", "type": "module", "exports": { ".": { "import": "./lib/index.js" } } }',
      lib: { "index.js": plugin, "note.js": "export const note = 'first';" },
    },
    broken: { "package.json": '{ "name": "broken", "exports": { ".": { "import": "./gone.js" } } }' },
    needy: {
      "package.json": '{ "name": "needy", "main": "index.mjs" }',
      "index.mjs": "import 'not-installed';",
    },
  },
});
const base = pathToFileURL(`${cwd}/my.yaml`);

function run(command: string, args: readonly string[], more: Record<string, string> = {}) {
  return spawnSync(command, args, { cwd, env: { ...env, ...more }, encoding: "utf8" });
}

t.test("a package is found beside the scenario, by its condition `import`, then beside dsgan", async (t) => {
  const loaded = await loadPlugins(["my-plugin", "broken", "needy", "not-there"], base, modules);
  t.match(loaded, [
    {
      plugin: { name: "my-plugin" },
      module: { url: new URL("node_modules/my-plugin/lib/index.js", base).href },
    },
    { error: /^cannot be loaded: Cannot find module '.*broken\/gone\.js'/ },
    { error: /^cannot be loaded: Cannot find package 'not-installed' imported from .*needy\/index\.mjs$/ },
    { error: /^cannot be loaded: Cannot find package 'not-there'$/ },
  ]);
});

t.test("a package that is not beside the scenario is found beside dsgan", async (t) => {
  const elsewhere = pathToFileURL(join(tmpdir(), "x.yaml"));
  const [found] = await loadPlugins(["rxjs/operators"], elsewhere, modules);
  t.match(found, { module: { url: /node_modules\/rxjs\/.*operators/ } });
});

t.test("specifiers that Node does not import are told with what to do", async (t) => {
  const specifiers = [
    "npm:@me/plugin@1.2/sub",
    "jsr:@me/plugin",
    "https://host/plugin.js",
    "gopher://host/x",
  ];
  t.match(await loadPlugins(specifiers, base, modules), [
    {
      error:
        'cannot be loaded: only Deno imports npm: specifiers. With Node, install it (npm install @me/plugin@1.2/sub) and write "@me/plugin/sub"',
    },
    { error: /only Deno imports jsr: specifiers.*npx jsr add @me\/plugin\) and write "@me\/plugin"/ },
    { error: /this runtime imports no https: URLs; Deno imports https: ones/ },
    { error: /this runtime imports no gopher: URLs/ },
  ]);
});

t.test("`dsgan` on Node and on Deno trains with the plugin beside the scenario", (t) => {
  const deno = join(root, "node_modules/.bin/deno");
  for (const [command, ...args] of [[process.execPath], [deno, "run", "-A"]]) {
    const { status, stderr } = run(command!, [...args, main, "run", "my.yaml"]);
    t.equal(status, 0, `${command}: ${stderr}`);
  }
  t.end();
});

t.test("a run names its plugins, and a resumed one those that have changed, helpers too", (t) => {
  const broken = run(process.execPath, [main, "run", "my.yaml", "--runs", "changed", "--json"], {
    BREAK: "1",
  });
  t.equal(broken.status, 3, broken.stderr);
  const { location } = JSON.parse(broken.stdout.trim().split("\n").at(-1)!);
  const { plugins } = JSON.parse(readFileSync(join(location, "environment.json"), "utf8"));
  t.match(plugins, [
    {
      from: "my-plugin",
      name: "my-plugin",
      version: "1.2.3",
      url: /my-plugin\/lib\/index\.js$/,
      sha256: /^[0-9a-f]{64}$/,
    },
  ]);
  writeFileSync(join(cwd, "node_modules/my-plugin/lib/note.js"), "export const note = 'second';");
  const resumed = run(process.execPath, [main, "resume", location, "--json"]);
  t.equal(resumed.status, 0, resumed.stderr);
  const event = resumed.stdout
    .split("\n")
    .map((line) => line && JSON.parse(line))
    .find(({ type }) => type === "resumed");
  t.match(event.notes, [/^plugin "my-plugin" has changed since checkpoints\/.* was written/]);
  t.end();
});
