import t from "tap";
import { parse, stringify } from "yaml";
import {
  assemble,
  type Expectation,
  InputError,
  judgeExpectations,
  loadScenario,
  type Override,
  readSource,
  type Scenario,
  scenarioJsonSchema,
} from "../../../core/mod.ts";
import { parts } from "../parts.ts";

const origin = { base: new URL("file:///nowhere/x.yaml"), file: "x.yaml", plugins: [parts] };

/** A sound scenario of seven lines, the target on the fourth. */
const SOUND = `name: sound
application:
  use: study
  target:
    use: label-difference
    data: ring
    pd: [1]
`;

const set = (...texts: string[]): Override[] =>
  texts.map((text) => ({ path: text.slice(0, text.indexOf("=")), value: text.slice(text.indexOf("=") + 1) }));

async function load(text: string, ...overrides: string[]): Promise<Scenario> {
  return (await loadScenario(text, { ...origin, overrides: set(...overrides) })).scenario;
}

/** What is wrong with a scenario, a problem a line. */
async function wrong(text: string, ...overrides: string[]): Promise<string[]> {
  try {
    await load(text, ...overrides);
  } catch (error) {
    if (error instanceof InputError) return error.message.split("\n");
    throw error;
  }
  return [];
}

t.test("loadScenario() fills in every default, those of references by default too", async (t) => {
  t.strictSame(await load(SOUND), {
    name: "sound",
    tags: [],
    plugins: [],
    seed: 0,
    engine: { use: "auto", prefer: "still" },
    checkpoint: { seconds: 30, keep: 2 },
    sentinels: { notFinite: "stop", collapse: "warn", runaway: "warn" },
    application: {
      use: "study",
      target: {
        use: "label-difference",
        data: { use: "ring", radius: 1 },
        pd: [1],
        pdBar: [1, 7],
        alpha: 0.5,
      },
      objective: { use: "penalised", lambda: 10 },
      others: [{ use: "penalised", lambda: 10 }],
      m: 64,
      shuffle: true,
    },
    expect: {},
  });
});

t.test("loadScenario() makes of a resolved scenario the same again", async (t) => {
  const resolved = await load(SOUND, "expect={ a: { atMost: 1 } }", "application.objective=plain");
  t.strictSame(await load(stringify(resolved)), resolved);
});

t.test("loadScenario() takes JSON, tabs and all", async (t) => {
  const json = JSON.stringify(parse(SOUND), null, "\t");
  t.strictSame(await load(json), await load(SOUND));
});

t.test("loadScenario() takes anchors and merge keys", async (t) => {
  const text = `${SOUND}  objective: &o { use: penalised, lambda: 3 }\n  others: [*o, { <<: *o, lambda: 4 }]\n`;
  const { application } = await load(text);
  t.strictSame(application.others, [
    { use: "penalised", lambda: 3 },
    { use: "penalised", lambda: 4 },
  ]);
});

t.test("loadScenario() names the scenario after its file only where it has no name", async (t) => {
  const of = async (text: string) => (await loadScenario(text, { ...origin, name: "file" })).scenario.name;
  t.equal(await of(SOUND.replace("name: sound\n", "")), "file");
  t.equal(await of(SOUND), "sound");
  t.strictSame(await wrong(SOUND.replace("name: sound\n", "")), [
    "x.yaml:1: name: is missing: expected a string",
  ]);
});

t.test("loadScenario() says where a text is not a scenario at all", async (t) => {
  t.strictSame(await wrong(""), [
    'x.yaml:1: expected a mapping with "application", got nothing: the file is empty',
  ]);
  t.strictSame(await wrong("# only a comment\n"), await wrong(""));
  t.strictSame(await wrong("[1]"), ['x.yaml:1: expected a mapping with "application", got [1]']);
  t.match(await wrong("seed: 1\nengine: still\nseed: 2\n"), [
    "x.yaml:3: not valid YAML: seed stands here a second time",
  ]);
  t.match(await wrong("application:\n\tuse: study\n"), ["x.yaml:2: not valid YAML: Tabs are not allowed"]);
  t.match(await wrong("a: [1\nb: 2\n"), [/^x\.yaml:\d: not valid YAML: /]);
  t.match(await wrong("seed: 1\n---\nseed: 2\n"), ["x.yaml:2: expected one scenario, got another"]);
  t.match(await wrong(`${SOUND}seed: *nowhere\n`), ["x.yaml: not valid YAML: Unresolved alias"]);
  t.match(await wrong(`${SOUND}seed: !python 3\n`), ["x.yaml:8: not valid YAML: Unresolved tag: !python"]);
});

t.test(
  "loadScenario() reports every problem at once, each with line, path, value and nearest name",
  async (t) => {
    const text = `nme: x
name: a b
seed: 1.5
engine: stil
expect:
  one: { atleast: 3 }
  two: {}
  three: { between: [2, 1] }
  four: 3
application:
  use: study
  m: big
  schedule:
    kind: linaer
    warmup: 3
  width: aut
  range: [1]
  shuffle: yes
  title: x
  objectiv: plain
  others:
    - plain
    - penalized
    - { use: penalised, lambda: -1, lamda: 2 }
  target:
    use: label-difference
    data: { use: rng }
    alpha: 1
`;
    t.strictSame(await wrong(text), [
      'x.yaml:1: nme: unknown name; did you mean "name"? (known here: name, description, tags, plugins, seed, engine, checkpoint, sentinels, application, expect)',
      'x.yaml:2: name: expected letters, digits, ".", "_" and "-", a letter or digit first, no "." last, and no name of a device (64 at most), got "a b"',
      "x.yaml:3: seed: expected a whole number, got 1.5",
      'x.yaml:4: engine: unknown engine "stil"; did you mean "still"? Registered: auto, still',
      'x.yaml:6: expect.one.atleast: unknown name; did you mean "atLeast"? (known here: atLeast, atMost, between)',
      "x.yaml:7: expect.two: expected at least one of atLeast, atMost, between, got {}",
      'x.yaml:8: expect.three: no number is within these bounds, got {"between":[2,1]}',
      "x.yaml:9: expect.four: expected a mapping, got 3",
      'x.yaml:12: application.m: expected a whole number, got "big"',
      'x.yaml:14: application.schedule.kind: expected one of "constant", "linear", got "linaer"; did you mean "linear"?',
      'x.yaml:15: application.schedule.warmup: unknown name; did you mean "warmUp"? (known here: kind, warmUp)',
      'x.yaml:16: application.width: expected a number or "auto", got "aut"; did you mean "auto"?',
      "x.yaml:17: application.range: expected a list of 2, got [1]",
      'x.yaml:18: application.shuffle: expected true or false, got "yes"',
      'x.yaml:19: application.title: expected at least 2 characters, got "x"',
      'x.yaml:20: application.objectiv: unknown name; did you mean "objective"? (known here: use, target, objective, others, m, schedule, width, range, shuffle, title)',
      'x.yaml:23: application.others.1: unknown objective "penalized"; did you mean "penalised"? Registered: penalised, plain',
      "x.yaml:24: application.others.2.lambda: expected more than 0, got -1",
      'x.yaml:24: application.others.2.lamda: unknown name; did you mean "lambda"? (known here: use, lambda)',
      "x.yaml:25: application.target.pd: is missing: expected a list",
      'x.yaml:27: application.target.data.use: unknown dataset "rng"; did you mean "ring"? Registered: ring',
      "x.yaml:28: application.target.alpha: expected less than 1, got 1",
    ]);
  },
);

t.test("loadScenario() says how a component is named", async (t) => {
  const expected = 'expected the name of an application, or a mapping with "use"';
  t.strictSame(await wrong("name: x\n"), [
    `x.yaml:1: application: is missing: ${expected}. Registered: study`,
  ]);
  t.strictSame(await wrong("name: x\napplication: 3\n"), [
    `x.yaml:2: application: ${expected}, got 3. Registered: study`,
  ]);
  t.match(await wrong("name: x\napplication:\n"), [`x.yaml:2: application: ${expected}, got null`]);
  t.match(await wrong("name: x\napplication: { m: 3 }\n"), [
    `x.yaml:2: application: ${expected}, got {"m":3}`,
  ]);
  t.match(await wrong("name: x\napplication: zebra\n"), [
    'x.yaml:2: application: unknown application "zebra". Registered: study',
  ]);
  t.match(
    await wrong("name: x\napplication: study\n"),
    ["x.yaml:2: application.target: is missing"],
    "a bare name that needs options",
  );
});

t.test(
  "loadScenario() keeps the rules that options have among themselves, and refuses unknown names everywhere",
  async (t) => {
    t.match(await wrong(SOUND.replace("[1]", "[1, 2, 3]")), [
      "x.yaml:4: application.target: pd has more labels than pdBar",
    ]);
    t.strictSame(await wrong(SOUND.replace("data: ring", "data: { use: ring, colour: red }")), [
      "x.yaml:6: application.target.data.colour: unknown name; known here: use, radius",
    ]);
  },
);

t.test("loadScenario() applies overrides, typed by YAML", async (t) => {
  const { application, seed, engine, expect } = await load(
    SOUND,
    "application.target.pd=[3]",
    "application.target.pdBar.1=8",
    "application.target.pdBar=[3, 8]",
    "application.target.pdBar.2=9",
    "application.target.data.radius=2e0", // through a bare name
    "application.objective=plain",
    "application.objective.use=penalised",
    "application.objective.lambda=4",
    "application.shuffle=false",
    "seed=7",
    "engine=still",
    "expect.share.atLeast=0.5",
  );
  t.strictSame(application.target, {
    use: "label-difference",
    data: { use: "ring", radius: 2 },
    pd: [3],
    pdBar: [3, 8, 9],
    alpha: 0.5,
  });
  t.strictSame(application.objective, { use: "penalised", lambda: 4 });
  t.equal(application.shuffle, false);
  t.equal(seed, 7);
  t.strictSame(engine, { use: "still" });
  t.strictSame(expect, { share: { atLeast: 0.5 } });
});

t.test("loadScenario() takes out what an override sets to null, where it is there", async (t) => {
  const text = `${SOUND}expect:\n  share.7: { atLeast: 0.9, atMost: 1 }\n`;
  const { seed, expect, application } = await load(
    text,
    "seed=7",
    "seed=null",
    "expect.share.7.atLeast=null",
    "application.target.pdBar=[3, 8]",
    "application.target.pdBar.0=null",
  );
  t.equal(seed, (await load(SOUND)).seed, "as where it is not given");
  t.strictSame(expect, { "share.7": { atMost: 1 } });
  t.strictSame((application.target as { pdBar: number[] }).pdBar, [8]);
  t.strictSame(
    await wrong(text, "sed=null", "application.target.pd.1=null", "application.nothing.x=null", "a.b=null"),
    [
      'x.yaml: --set sed=null: the scenario has no "sed" to take out',
      'x.yaml: --set application.target.pd.1=null: application.target.pd has no "1" to take out',
      'x.yaml: --set application.nothing.x=null: application.nothing has no "x" to take out',
      'x.yaml: --set a.b=null: a has no "b" to take out',
    ],
  );
});

t.test("loadScenario() overrides names that hold dots, where the file has them", async (t) => {
  const text = `${SOUND}expect:\n  share.7: { atLeast: 0.9 }\n`;
  t.strictSame((await load(text, "expect.share.7.atLeast=0.1")).expect, { "share.7": { atLeast: 0.1 } });
});

t.test("loadScenario() changes one use of an anchor, not the others", async (t) => {
  const text = `${SOUND}  objective: &o { use: penalised, lambda: 3 }\n  others: [*o]\n`;
  const { application } = await load(text, "application.objective.lambda=4");
  t.strictSame(application.others, [{ use: "penalised", lambda: 3 }]);
});

t.test("loadScenario() refuses overrides that lead nowhere, all of them", async (t) => {
  t.strictSame(
    await wrong(
      SOUND,
      "seed=[",
      "a..b=3",
      "=3",
      "application.target.pd.x=1",
      "application.target.pd.2=1",
      "application.target.pd.0.q=1",
    ),
    [
      "x.yaml: --set seed=[: the value is not valid YAML: Flow sequence must end with a ]",
      'x.yaml: --set a..b=3: "a..b" is not a path such as application.m',
      'x.yaml: --set =3: "" is not a path such as application.m',
      'x.yaml: --set application.target.pd.x=1: application.target.pd is a list of 1: expected an index (0 to 0, or 1 to append), got "x"',
      'x.yaml: --set application.target.pd.2=1: application.target.pd is a list of 1: expected an index (0 to 0, or 1 to append), got "2"',
      'x.yaml: --set application.target.pd.0.q=1: application.target.pd.0 is 1, which has no "q" to set',
    ],
  );
});

t.test("loadScenario() blames the override, not the file, for what the override brought", async (t) => {
  t.strictSame(
    (
      await wrong(`${SOUND}seed: x\n`, "application.m=many", "nme=3", "name.first=Ian", "__proto__.seed=1")
    ).sort(),
    [
      "x.yaml: __proto__: unknown name; known here: name, description, tags, plugins, seed, engine, checkpoint, sentinels, application, expect (from --set __proto__.seed=1)",
      'x.yaml: application.m: expected a whole number, got "many" (from --set application.m=many)',
      'x.yaml: name: is "sound", which has no "first" to set (from --set name.first=Ian)',
      'x.yaml: nme: unknown name; did you mean "name"? (known here: name, description, tags, plugins, seed, engine, checkpoint, sentinels, application, expect) (from --set nme=3)',
      'x.yaml:8: seed: expected a whole number, got "x"',
    ].sort(),
  );
  t.match(await wrong(SOUND, "application.objective.lambda=3"), [
    /^x\.yaml: application\.objective: expected the name of an objective.*got \{"lambda":3\}.*\(from --set/,
  ]);
  t.match(await wrong(SOUND, "seed="), [
    "x.yaml: seed: expected a whole number, got null (from --set seed=)",
  ]);
  t.strictSame(await wrong(SOUND, "application.m=many", "application.m=3"), [], "a later one mends it");
});

t.test("readSource() knows the line of the deepest node that there is", (t) => {
  const { lineOf } = readSource(
    "a: 1\nb:\n  - x\n  - y: &n\n      z: 2\nc: *n\nexpect:\n  share.7: {}\n",
    "x.yaml",
  );
  const lines = [
    ["a"],
    ["b"],
    ["b", 0],
    ["b", 1, "y", "z"],
    ["b", 1, "y", "q"],
    ["c", "z"],
    ["expect", "share.7"],
    ["q"],
  ];
  t.strictSame(lines.map(lineOf), [1, 2, 3, 5, 4, 5, 8, 1]);
  t.end();
});

t.test("judgeExpectations() holds bounds against metrics, ends included", (t) => {
  const met = (bounds: Expectation, value: number) => judgeExpectations({ a: bounds }, { a: value })[0]!.met;
  t.strictSame([met({ atLeast: 1 }, 1), met({ atLeast: 1 }, 0.999)], [true, false]);
  t.strictSame([met({ atMost: 1 }, 1), met({ atMost: 1 }, 1.001)], [true, false]);
  t.strictSame(
    [0.999, 1, 2, 2.001].map((v) => met({ between: [1, 2] }, v)),
    [false, true, true, false],
  );
  t.strictSame(
    [0, 1, 3].map((v) => met({ between: [0, 5], atLeast: 1, atMost: 2 }, v)),
    [false, true, false],
  );
  t.strictSame(judgeExpectations({ shaer: { atLeast: 1, atMost: 2 } }, { share: 1 }), [
    {
      metric: "shaer",
      expected: 'at least 1, at most 2 (no such metric was measured; did you mean "share"?)',
      met: false,
    },
  ]);
  t.notOk(judgeExpectations({ toString: { atLeast: 1 } }, {})[0]?.met, "inherited names are no metrics");
  t.end();
});

interface Schema {
  readonly [keyword: string]: unknown;
}

t.test("scenarioJsonSchema() accepts what loadScenario() accepts, and describes it", async (t) => {
  const schema = scenarioJsonSchema(await assemble([parts])) as Schema;
  t.equal(schema.$schema, "http://json-schema.org/draft-07/schema#");
  t.ok(accepts(schema, { extends: "base.yaml", "x-free": 3 }), "what it extends has the rest");
  t.notOk(accepts(schema, { name: "x" }));
  t.ok(accepts(schema, { ...parse(SOUND), "x-free": { any: [1] } }));
  t.notOk(accepts(schema, { ...parse(SOUND), extends: 3 }));
  const { name, ...nameless } = parse(SOUND);
  t.ok(accepts(schema, nameless), "the file's name serves where there is none");
  t.ok(accepts(schema, parse(SOUND)));
  t.ok(accepts(schema, await load(SOUND)), "a resolved scenario");
  t.notOk(accepts(schema, { ...parse(SOUND), nme: 3 }));
  t.notOk(accepts(schema, parse(SOUND.replace("[1]", "[]"))));
  t.notOk(accepts(schema, parse(SOUND.replace("data: ring", "data: rng"))));
  t.notOk(accepts(schema, parse(SOUND.replace("label-difference", "label-differenc"))));
  t.notOk(accepts(schema, { name: "x", application: "study" }), "a bare name that needs options");

  const definitions = schema.definitions as Record<string, Schema>;
  t.match(definitions.objective, {
    anyOf: [
      { enum: ["penalised", "plain"], description: "penalised: With a penalty\nplain: Without" },
      { oneOf: [{ properties: { lambda: { description: "Its weight.", default: 10 } } }, {}] },
    ],
  });
  t.match(schema.properties, { seed: { description: /randomness/, default: 0 } });
});

/** Whether a JSON Schema, of the keywords that scenarios use, accepts a value. */
function accepts(root: Schema, value: unknown, schema: Schema = root): boolean {
  const patterns = Object.keys((schema.patternProperties as object | undefined) ?? {});
  const isFree = (key: string): boolean => patterns.some((pattern) => new RegExp(pattern).test(key));
  const inner = (s: unknown): boolean => accepts(root, value, s as Schema);
  const rules: Record<string, (argument: never) => boolean> = {
    $ref: (ref: string) =>
      inner((root.definitions as Record<string, Schema>)[ref.replace("#/definitions/", "")]),
    allOf: (all: Schema[]) => all.every(inner),
    anyOf: (any: Schema[]) => any.some(inner),
    oneOf: (one: Schema[]) => one.filter(inner).length === 1,
    enum: (values: unknown[]) => values.includes(value),
    const: (one: unknown) => value === one,
    type: (type: string) =>
      type === "integer" ? Number.isInteger(value) : type === (Array.isArray(value) ? "array" : typeof value),
    minimum: (bound: number) => (value as number) >= bound,
    maximum: (bound: number) => (value as number) <= bound,
    exclusiveMinimum: (bound: number) => (value as number) > bound,
    exclusiveMaximum: (bound: number) => (value as number) < bound,
    pattern: (pattern: string) => new RegExp(pattern).test(value as string),
    minLength: (n: number) => (value as string).length >= n,
    maxLength: (n: number) => (value as string).length <= n,
    minItems: (n: number) => (value as unknown[]).length >= n,
    maxItems: (n: number) => (value as unknown[]).length <= n,
    items: (items: Schema | Schema[]) =>
      (value as unknown[]).every((v, i) => accepts(root, v, Array.isArray(items) ? items[i] : items)),
    required: (names: string[]) => names.every((name) => Object.hasOwn(value as object, name)),
    properties: (properties: Record<string, Schema>) =>
      Object.entries(value as object).every(
        ([k, v]) => !(k in properties) || accepts(root, v, properties[k]),
      ),
    additionalProperties: (rule: Schema | boolean) =>
      Object.entries(value as object)
        .filter(([k]) => !(k in ((schema.properties as object | undefined) ?? {})) && !isFree(k))
        .every(([, v]) => rule !== false && (rule === true || accepts(root, v, rule as Schema))),
    patternProperties: () => true,
    propertyNames: () => true,
    additionalItems: () => true,
    default: () => true,
    description: () => true,
    title: () => true,
    $schema: () => true,
    id: () => true,
    definitions: () => true,
  };
  return Object.entries(schema).every(([keyword, argument]) => {
    if (rules[keyword] === undefined) throw new Error(`a keyword this test does not know: ${keyword}`);
    return rules[keyword](argument as never);
  });
}
