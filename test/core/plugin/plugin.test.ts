import { mkdirSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import t from "tap";
import {
  assemble,
  CORE_VERSION,
  component,
  contextOf,
  contract,
  Datasets,
  definePlugin,
  InputError,
  inFolder,
  loadPlugins,
  loadScenario,
  Networks,
  nearest,
  Objectives,
  type Plugin,
  refsOf,
  scenarioJsonSchema,
  unknownName,
  z,
} from "../../../core/mod.ts";
import { parts } from "../parts.ts";

const base = new URL("file:///nowhere/");

/** What is wrong with plugins, a problem a line. */
async function wrong(...plugins: Parameters<typeof assemble>[0]): Promise<string[]> {
  try {
    await assemble(plugins);
  } catch (error) {
    if (error instanceof InputError) return error.message.replaceAll(/ \(at .*\)$/gm, "").split("\n");
    throw error;
  }
  return [];
}

const objective = (name: string) => component(Objectives, { name, summary: "", create: () => null as never });

const bringing = (name: string, ...names: string[]): Plugin =>
  definePlugin({ name, core: "*", components: names.map(objective) });

t.test("assemble() registers the components of every plugin, in order", async (t) => {
  const registry = await assemble([bringing("a", "one", "two"), bringing("b", "three")]);
  t.strictSame(
    registry.all(Objectives).map(({ name }) => name),
    ["one", "two", "three"],
  );
  t.strictSame(registry.all(Datasets), []);
  t.strictSame(registry.contracts(), [Objectives]);
  const other = await assemble([bringing("a", "one")]);
  t.equal(other.all(Objectives).length, 1, "registries share nothing");
});

t.test("assemble() takes components and lists of them for plugins", async (t) => {
  const registry = await assemble([objective("one"), [objective("two"), objective("three")]]);
  t.equal(registry.all(Objectives).length, 3);
  t.match(await wrong(objective("one"), objective("one")), [
    'plugins: "objective one": a plugin named "objective one" is there already',
  ]);
});

t.test("assemble() reports every problem of every plugin at once", async (t) => {
  const failing = definePlugin({
    name: "failing",
    core: "*",
    requires: ["absent"],
    install() {
      throw new Error("no disk");
    },
  });
  const late = definePlugin({ name: "late", install: () => Promise.reject(new Error("no network")) });
  t.strictSame(
    await wrong(
      { from: "./gone.ts", error: "cannot be loaded: no such file" },
      { from: "./number.ts", plugin: 3 },
      { from: "./null.ts", plugin: null },
      { from: "./bare.ts", plugin: { name: "", requires: "x", version: 1, components: {}, install: 1 } },
      { from: "./old.ts", plugin: { name: "old", core: "^9.0.0", requires: ["bringr"], install() {} } },
      { from: "./odd.ts", plugin: { name: "odd", core: "newest", install() {} } },
      failing,
      late,
      bringing("bringer", "one", "one"),
      bringing("again", "one"),
      bringing("again", "two"),
    ),
    [
      'plugins: "./gone.ts": cannot be loaded: no such file',
      'plugins: "./number.ts": expected a component, a list of components, or a plugin made by definePlugin, got number',
      'plugins: "./null.ts": expected a component, a list of components, or a plugin made by definePlugin, got null',
      'plugins: "./bare.ts": needs a name, got ""',
      'plugins: "./bare.ts": "version" must be a string, got 1',
      'plugins: "./bare.ts": "components" must be a list, got object',
      'plugins: "./bare.ts": "install" must be a function of the container, got number',
      'plugins: "./bare.ts": "requires" must be a list of plugin names, got "x"',
      `plugins: "./old.ts": works with core ^9.0.0, but this is core ${CORE_VERSION}`,
      `plugins: "./odd.ts": "core" must be a semver range such as "^${CORE_VERSION}", got "newest"`,
      'plugins: "again": a plugin named "again" is there already; each may be listed once',
      'plugins: "./old.ts": requires unknown plugin "bringr"; did you mean "bringer"? Registered: again, bringer, failing, late, odd, old',
      'plugins: "failing": requires unknown plugin "absent". Registered: again, bringer, failing, late, odd, old',
      'plugins: "failing": install failed: no disk',
      'plugins: "late": install failed: no network',
      'plugins: "bringer": objective "one" is registered already, by "bringer"; rename one of them',
      'plugins: "again": objective "one" is registered already, by "bringer"; rename one of them',
    ],
  );
});

t.test(
  "assemble() takes requirements in any order, and one component from two plugins for two",
  async (t) => {
    const one = objective("one");
    const giving = (name: string): Plugin => definePlugin({ name, components: [one] });
    t.strictSame(
      await wrong({ ...bringing("a"), requires: ["b"] }, { ...bringing("b"), requires: ["a"] }),
      [],
    );
    t.match(await wrong(giving("a"), giving("b")), [
      'plugins: "b": objective "one" is registered already, by "a"',
    ]);
  },
);

t.test("assemble() checks components, which may come from plain JavaScript", async (t) => {
  const contract = Objectives;
  const crooked = {
    name: "crooked",
    components: [
      3,
      { name: "homeless", summary: "" },
      [],
      { name: "inner", components: [] },
      { contract, summary: "no name" },
      { contract, name: "empty" },
      { contract, name: "list", summary: "", create() {}, options: () => [] },
      {
        contract,
        name: "thrower",
        summary: "",
        create() {},
        options: () => z.strictObject((null as never as { x: object }).x as never),
      },
      {
        contract,
        name: "user",
        summary: "",
        create() {},
        options: () => z.strictObject({ use: z.string() }),
      },
    ] as never,
  };
  t.match(await wrong(crooked, { name: "idle" }), [
    'plugins: "idle": brings nothing: give it components, or an install(container) function',
    'plugins: "crooked": a component must be an object, got 3',
    'plugins: "crooked": component "homeless" names no contract: make it with component(contract, { … })',
    'plugins: "crooked": a list of components holds a list: spread it, ...inner',
    'plugins: "crooked": a list of components holds a plugin: export that by itself, from a module of its own',
    'plugins: "crooked": objective needs a name, got undefined',
    'plugins: "crooked": objective "empty": needs a summary in one line, got undefined',
    'plugins: "crooked": objective "empty": needs a create(options, context) function',
    'plugins: "crooked": objective "empty": its options must be a zod schema',
    'plugins: "crooked": objective "list": its options must be a z.strictObject',
    /objective "thrower": options\(refs\) failed: /,
    'plugins: "crooked": objective "user": has an option "use"',
  ]);
});

interface Scorer {
  readonly name: string;
  readonly scale: number;
}
const Scorers = contract<Scorer>("scorer", "Scores rows");

t.test("a plugin's own contract is checked, listed and in the schema like the core's", async (t) => {
  const scorer = component(Scorers, {
    name: "distance",
    summary: "How far a row is from the nearest one",
    options: z.strictObject({ scale: z.number().positive().default(2).describe("Factor.") }),
    create: ({ scale }) => ({ name: "distance", scale }),
  });
  const user = component(Datasets, {
    name: "scored",
    summary: "Rows with a score",
    options: (refs) =>
      z.strictObject({ by: refs(Scorers).prefault({ use: "distance" }).describe("Scorer.") }),
    create: async (options, context) => {
      const { by } = await context.build(options);
      return { name: `${by.name} ${by.scale}` } as never;
    },
  });
  const registry = await assemble([parts, definePlugin({ name: "p", components: [user, scorer] })]);
  t.ok(registry.contracts().includes(Scorers));
  const context = contextOf(registry, base);
  t.match(await context.create(Datasets, "scored"), { name: "distance 2" });
  t.match(await context.create(Datasets, { use: "scored", by: { use: "distance", scale: 3 } }), {
    name: "distance 3",
  });
  await t.rejects(context.create(Datasets, { use: "scored", by: "distanse" }), {
    name: "InputError",
    message: 'by: dataset "scored": unknown scorer "distanse"; did you mean "distance"? Registered: distance',
  });
  const schema = JSON.stringify(scenarioJsonSchema(registry));
  t.match(schema, /"distance"/);
  t.match(schema, /Scorer\./);
});

t.test("context.create() checks options, fills in defaults and refuses names it does not know", async (t) => {
  const net = component(Networks, {
    name: "net",
    summary: "",
    options: z.strictObject({ hidden: z.array(z.int()).default([8]), width: z.int().positive().default(4) }),
    create: (options) => options as never,
  });
  const context = contextOf(await assemble([net]), base);
  t.same(await context.create(Networks, "net"), { hidden: [8], width: 4 });
  t.same(await context.create(Networks, { use: "net", width: 5 }), { hidden: [8], width: 5 });
  await t.rejects(context.create(Networks, { use: "net", hiden: [3], width: 0 }), {
    name: "InputError",
    problems: [
      { path: "width", message: 'network "net": expected more than 0, got 0' },
      {
        path: "hiden",
        message: 'network "net": unknown name; did you mean "hidden"? (known here: use, hidden, width)',
      },
    ],
  });
});

t.test("options may be refined and transformed; a scenario keeps what was written", async (t) => {
  const range = z
    .strictObject({
      low: z.number().default(0),
      high: z.string().regex(/^\d+$/).transform(Number).default(1),
      names: z.array(z.string().transform((name) => name.length)).optional(),
    })
    .refine(({ low, high }) => low < high, { error: "low must be below high" })
    .transform(({ low, high, names }) => ({ width: high - low, names }));
  const net = component(Networks, {
    name: "net",
    summary: "",
    options: range,
    create: (options) => options as never,
  });
  const registry = await assemble([net]);
  const written = { use: "net", low: 2, high: "7", names: ["ab"] };
  t.same(refsOf(registry)(Networks).parse(written), written);
  const made = await contextOf(registry, base).create(Networks, written);
  t.same(made, { width: 5, names: [2] });
  await t.rejects(contextOf(registry, base).create(Networks, { ...written, low: 9 }), {
    message: 'network "net": low must be below high',
  });
  await t.rejects(contextOf(registry, base).create(Networks, { ...written, hihg: 9 }), {
    message: /hihg: network "net": unknown name; did you mean "high"\?/,
  });
});

t.test("components resolve the services that a plugin's install has registered", async (t) => {
  const CLOCK = Symbol("clock");
  const plugin = definePlugin({
    name: "timed",
    components: [
      component(Datasets, {
        name: "now",
        summary: "",
        create: (_, c) => ({ name: c.service<string>(CLOCK) }) as never,
      }),
    ],
    async install(container) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      container.register(CLOCK, { useValue: "noon" });
    },
  });
  t.match(await contextOf(await assemble([plugin]), base).create(Datasets, "now"), { name: "noon" });
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
      import { component, Datasets, definePlugin, z } from ${JSON.stringify(new URL("../../../core/mod.ts", import.meta.url).href)};
      const square = component(Datasets, { name: "square", summary: "", options: z.strictObject({}), create: () => ({}) });
      export default definePlugin({ name: "square", core: "*", components: [square] });`,
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

t.test("registry.find() lists what is registered where a name is unknown", async (t) => {
  const registry = await assemble([bringing("a", "wgan-gp", "lsgan")]);
  t.equal(registry.find(Objectives, "lsgan").name, "lsgan");
  t.throws(() => registry.find(Objectives, "wgan-pg"), {
    name: "InputError",
    message: 'unknown objective "wgan-pg"; did you mean "wgan-gp"? Registered: lsgan, wgan-gp',
  });
  t.throws(() => registry.find(Datasets, "ring"), { message: 'unknown dataset "ring". Registered: none' });
});

t.test("contextOf() creates components, and locates paths from the scenario", async (t) => {
  const echo = component(Objectives, {
    name: "echo",
    summary: "",
    options: z.strictObject({ path: z.string() }),
    create: ({ path }, context) => context.locate(path).href as never,
  });
  const registry = await assemble([echo]);
  const context = contextOf(registry, new URL("file:///data/scenarios/x.yaml"));
  t.equal(await context.create(Objectives, { use: "echo", path: "../a.idx" }), "file:///data/a.idx");
  t.strictSame(context.all(Objectives), [echo]);
  await t.rejects(contextOf(registry, base).create(Objectives, { use: "ecko" }), { name: "InputError" });
});

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

t.test("options that a scenario cannot hold are refused by name", async (t) => {
  const big = component(Networks, {
    name: "big",
    summary: "",
    options: z.strictObject({ nested: z.strictObject({ n: z.bigint().default(3n) }).prefault({}) }),
    create: () => ({}) as never,
  });
  const context = contextOf(await assemble([big]), base);
  await t.rejects(context.create(Networks, "big"), {
    name: "InputError",
    message: /nested\.n: .*network "big".*\(bigint\), which a scenario cannot hold/,
  });
});
