import { mkdirSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import t from "tap";
import {
  assemble,
  CORE_VERSION,
  type Component,
  component,
  componentNamed,
  components,
  contextOf,
  Datasets,
  definePlugin,
  InputError,
  inFolder,
  loadPlugins,
  loadScenario,
  nearest,
  Objectives,
  type Plugin,
  provide,
  unknownName,
  z,
} from "../../../core/mod.ts";
import { parts } from "../parts.ts";

const base = new URL("file:///nowhere/");

/** What is wrong with plugins, a problem a line. */
function wrong(...plugins: Parameters<typeof assemble>[0]): string[] {
  try {
    assemble(plugins);
  } catch (error) {
    if (error instanceof InputError) return error.message.split("\n");
    throw error;
  }
  return [];
}

const objective = (name: string): Component<never> =>
  component({ name, summary: "", options: () => z.strictObject({}), create: () => null as never });

const bringing = (name: string, ...names: string[]): Plugin =>
  definePlugin({
    name,
    core: "*",
    install: (container) => provide(container, Objectives, ...names.map(objective)),
  });

t.test("assemble() registers the components of every plugin, in order", (t) => {
  const container = assemble([bringing("a", "one", "two"), bringing("b", "three")]);
  t.strictSame(
    components(container, Objectives).map(({ name }) => name),
    ["one", "two", "three"],
  );
  t.strictSame(components(container, Datasets), []);
  t.equal(components(assemble([bringing("a", "one")]), Objectives).length, 1, "containers share nothing");
  t.end();
});

t.test("assemble() reports every problem of every plugin at once", (t) => {
  const failing = definePlugin({
    name: "failing",
    core: "*",
    requires: ["absent"],
    install() {
      throw new Error("no disk");
    },
  });
  t.strictSame(
    wrong(
      { from: "./gone.ts", error: "cannot be loaded: no such file" },
      { from: "./number.ts", plugin: 3 },
      { from: "./null.ts", plugin: null },
      { from: "./bare.ts", plugin: { name: "", requires: "x" } },
      { from: "./old.ts", plugin: { name: "old", core: "^9.0.0", requires: ["bringr"], install() {} } },
      failing,
      bringing("bringer", "one", "one"),
      bringing("again", "one"),
      bringing("again", "two"),
    ),
    [
      'plugins: "./gone.ts": cannot be loaded: no such file',
      'plugins: "./number.ts": expected a plugin made by definePlugin, got number',
      'plugins: "./null.ts": expected a plugin made by definePlugin, got null',
      'plugins: "./bare.ts": needs a name, got ""',
      'plugins: "./bare.ts": needs an install(container) function',
      'plugins: "./bare.ts": "requires" must be a list of plugin names, got "x"',
      `plugins: "./bare.ts": needs "core", a semver range such as "^${CORE_VERSION}", got undefined`,
      `plugins: "./old.ts": works with core ^9.0.0, but this is core ${CORE_VERSION}`,
      'plugins: "again": a plugin named "again" is there already; each may be listed once',
      'plugins: "./old.ts": requires unknown plugin "bringr"; did you mean "bringer"? Registered: again, bringer, failing, old',
      'plugins: "failing": requires unknown plugin "absent". Registered: again, bringer, failing, old',
      'plugins: "failing": install failed: no disk',
      'plugins: "bringer": objective "one" is registered already, by "bringer"; rename one of them',
      'plugins: "again": objective "one" is registered already, by "bringer"; rename one of them',
    ],
  );
  t.end();
});

t.test("assemble() takes requirements in any order, and the same object from two plugins for two", (t) => {
  const one = objective("one");
  const giving = (name: string): Plugin =>
    definePlugin({ name, core: "*", install: (container) => provide(container, Objectives, one) });
  t.strictSame(wrong({ ...bringing("a"), requires: ["b"] }, { ...bringing("b"), requires: ["a"] }), []);
  t.match(wrong(giving("a"), giving("b")), ['plugins: "b": objective "one" is registered already, by "a"']);
  t.end();
});

t.test("assemble() checks components, which may come from plain JavaScript", (t) => {
  const crooked = {
    name: "crooked",
    core: "*",
    install(container: Parameters<Plugin["install"]>[0]) {
      for (const useValue of [
        3,
        { summary: "no name" },
        { name: "empty" },
        { name: "list", summary: "", create() {}, options: () => [] },
        {
          name: "thrower",
          summary: "",
          create() {},
          options: () => z.strictObject((null as never as { x: object }).x as never),
        },
        { name: "user", summary: "", create() {}, options: () => z.strictObject({ use: z.string() }) },
      ]) {
        container.register(Objectives.token, { useValue });
      }
    },
  };
  t.match(wrong(crooked), [
    'plugins: "crooked": objective must be an object, got 3',
    'plugins: "crooked": objective needs a name, got undefined',
    'plugins: "crooked": objective "empty": needs a summary in one line, got undefined',
    'plugins: "crooked": objective "empty": needs a create(options, context) function',
    'plugins: "crooked": objective "empty": needs an options(refs) function',
    'plugins: "crooked": objective "list": options(refs) must return a z.strictObject',
    /objective "thrower": options\(refs\) failed: /,
    'plugins: "crooked": objective "user": has an option "use"',
  ]);
  t.end();
});

t.test(
  "loadPlugins() imports modules relative to a base, and says what failed without throwing",
  async (t) => {
    const folder = t.testdir({
      "good.js": "export default { name: 'good', core: '*', install() {} };",
      "none.js": "export const plugin = {};",
      "broken.js": "export default {",
      "throws.js": "throw new Error('not today');",
      deeper: { "good.js": "export default { name: 'deeper', core: '*', install() {} };" },
    });
    const loaded = await loadPlugins(
      [
        "./good.js",
        "./none.js",
        "./broken.js",
        "./throws.js",
        "./gone.js",
        "../deeper/good.js",
        "no-such-package",
        "good.js",
      ],
      pathToFileURL(`${folder}/deeper/../`),
    );
    t.match(loaded, [
      { from: "./good.js", path: "plugins.0", plugin: { name: "good" } },
      { error: /no default export/ },
      { error: /^cannot be loaded: syntax error: / },
      { error: "cannot be loaded: not today" },
      { error: /^cannot be loaded: Cannot find module '.*gone\.js'$/ },
      { error: /^cannot be loaded: Cannot find module/ },
      { error: "cannot be loaded: Cannot find package 'no-such-package'" },
      { error: "cannot be loaded: Cannot find package 'good.js'. If it is a file, write \"./good.js\"" },
    ]);
  },
);

t.test(
  "loadScenario() takes plugins by relative path and tells all their faults with their lines",
  async (t) => {
    const folder = t.testdir({
      "square.js": `
      import { component, Datasets, definePlugin, provide, z } from ${JSON.stringify(new URL("../../../core/mod.ts", import.meta.url).href)};
      const square = component({ name: "square", summary: "", options: () => z.strictObject({}), create: () => ({}) });
      export default definePlugin({ name: "square", core: "*", install: (c) => provide(c, Datasets, square) });`,
      "bad.js": "export default { name: 'bad', core: '^9', requires: ['worse'], install() {} };",
    });
    mkdirSync(`${folder}/inner`);
    const text = (plugins: string, seed = "1"): string =>
      `name: x\nplugins:\n${plugins}\nseed: ${seed}\napplication:\n  use: study\n  target: { use: label-difference, data: square, pd: [1] }\n`;
    const origin = { base: pathToFileURL(`${folder}/inner/x.yaml`), file: "x.yaml", plugins: [parts] };
    writeFileSync(`${folder}/inner/x.yaml`, text("  - ../square.js"));
    const { scenario } = await loadScenario(text("  - ../square.js"), origin);
    t.match(scenario.application, { target: { data: { use: "square" } } });

    await t.rejects(loadScenario(text("  - ../square.js\n  - ../bad.js\n  - ./gone.js", "high"), origin), {
      name: "InputError",
      problems: [
        {
          line: 4,
          path: "plugins.1",
          message: `"../bad.js": works with core ^9, but this is core ${CORE_VERSION}`,
        },
        {
          line: 4,
          path: "plugins.1",
          message: '"../bad.js": requires unknown plugin "worse". Registered: bad, parts, square',
        },
        { line: 5, path: "plugins.2", message: /^"\.\/gone\.js": cannot be loaded: Cannot find module/ },
        { line: 6, path: "seed", message: 'expected a whole number, got "high"' },
      ],
    });
    await t.rejects(loadScenario(text("  - ../square.js\n  - ../square.js"), origin), {
      message: /^x\.yaml:4: plugins\.1: "\.\.\/square\.js": a plugin named "square" is there already/,
    });
  },
);

t.test("componentNamed() lists what is registered where a name is unknown", (t) => {
  const container = assemble([bringing("a", "wgan-gp", "lsgan")]);
  t.equal(componentNamed(container, Objectives, "lsgan").name, "lsgan");
  t.throws(() => componentNamed(container, Objectives, "wgan-pg"), {
    name: "InputError",
    message: 'unknown objective "wgan-pg"; did you mean "wgan-gp"? Registered: lsgan, wgan-gp',
  });
  t.throws(() => componentNamed(container, Datasets, "ring"), {
    message: 'unknown dataset "ring". Registered: none',
  });
  t.end();
});

t.test(
  "contextOf() creates components with their options, and locates paths from the scenario",
  async (t) => {
    const echo = component({
      name: "echo",
      summary: "",
      options: () => z.strictObject({ path: z.string() }),
      create: ({ path }, context) => context.locate(path).href as never,
    });
    const container = assemble([
      definePlugin({ name: "e", core: "*", install: (c) => provide(c, Objectives, echo) }),
    ]);
    const context = contextOf(container, new URL("file:///data/scenarios/x.yaml"));
    t.equal(await context.create(Objectives, { use: "echo", path: "../a.idx" }), "file:///data/a.idx");
    t.strictSame(context.all(Objectives), [echo]);
    await t.rejects(contextOf(container, base).create(Objectives, { use: "ecko" }), { name: "InputError" });
  },
);

t.test("inFolder() names a file of a folder, however the folder is written", (t) => {
  for (const folder of ["file:///data/digits", "file:///data/digits/"]) {
    t.equal(inFolder(new URL(folder), "a.idx").href, "file:///data/digits/a.idx");
  }
  t.end();
});

t.test("nearest() finds what a misspelling means, and nothing where all letters differ", (t) => {
  const known = ["lambda", "alpha", "k", "m", "pdBar"];
  t.strictSame(
    ["lamda", "Alpha", "pdbar", "aplha", "x", "zzzz", ""].map((name) => nearest(name, known)),
    ["lambda", "alpha", "pdBar", "alpha", undefined, undefined, undefined],
  );
  t.equal(unknownName("engine", "gpu", ["wasm"]), 'unknown engine "gpu". Registered: wasm');
  t.end();
});
