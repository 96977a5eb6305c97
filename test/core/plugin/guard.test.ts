import t from "tap";
import {
  type Application,
  Applications,
  assemble,
  component,
  contextOf,
  contract,
  InputError,
  loadScenario,
  type PluginExport,
  scenarioJsonSchema,
  z,
} from "../../../core/mod.ts";
import { parts } from "../parts.ts";

const base = new URL("file:///nowhere/");
const boom = (): never => {
  throw new TypeError("boom");
};

/** An application "given" with options of its own. */
const withOptions = <S extends z.ZodObject>(options: S) =>
  component(Applications, {
    name: "given",
    summary: "",
    options,
    create: () => null as never as Application,
  });

/** The error of a scenario that uses the application. */
async function errorOf(plugin: PluginExport): Promise<InputError> {
  const text = "name: s\nseed: 1\napplication:\n  use: given\n  n: 2\n";
  try {
    await loadScenario(text, { base, file: "s.yaml", plugins: [parts, plugin] });
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
  throw new Error("the scenario is valid");
}

t.test("what a check of options throws names component, line and place", async (t) => {
  const throwing = {
    "a refinement": z.strictObject({ n: z.number().refine(boom) }),
    "a transformation": z.strictObject({ n: z.number().transform(boom) }),
    "a refinement of the whole": z.strictObject({ n: z.number() }).refine(boom),
  };
  for (const [name, options] of Object.entries(throwing)) {
    const error = await errorOf(withOptions(options));
    t.match(
      error.message,
      /^s\.yaml:3: application: application "given": a check of its options failed: boom \(at .*guard\.test\.ts:\d+:\d+\)$/,
      name,
    );
    t.ok(error.cause instanceof TypeError, `${name}: the stack is kept`);
    const context = contextOf(await assemble([withOptions(options)]), base);
    await t.rejects(
      context.create(Applications, { use: "given", n: 2 }),
      { cause: { message: "boom" } },
      name,
    );
  }
});

t.test("asynchronous refinements are refused in words, asynchronous transformations work", async (t) => {
  const refined = z.strictObject({ n: z.number().refine(async () => false) });
  t.match((await errorOf(withOptions(refined))).message, /^s\.yaml:3: .*application "given": .*asynchronous/);
  const options = z.strictObject({ n: z.number().transform(async (n) => n + 1) });
  const made: number[] = [];
  const later = component(Applications, {
    name: "given",
    summary: "",
    options,
    create: ({ n }) => {
      made.push(n);
      return {} as Application;
    },
  });
  await contextOf(await assemble([later]), base).create(Applications, { use: "given", n: 2 });
  t.strictSame(made, [3]);
});

t.test("values without JSON are named in messages", async (t) => {
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  for (const [value, name] of [
    [10n, "10"],
    [circular, "[object Object]"],
  ] as const) {
    const context = contextOf(await assemble([withOptions(z.strictObject({ n: z.number() }))]), base);
    await t.rejects(context.create(Applications, { use: "given", n: value }), {
      message: `n: application "given": expected a number, got ${name}`,
    });
  }
});

t.test("a contract's kind must fit messages and schemas", async (t) => {
  for (const kind of ["", "Scorer", "two words", "__proto__", "a-"]) {
    t.throws(() => contract(kind), { name: "InputError", message: `contract ${JSON.stringify(kind)}: ` });
  }
  t.equal(contract("scorer-2").kind, "scorer-2");
});

t.test("a promise is no plugin", async (t) => {
  const promised = { from: "./p.ts", plugin: Promise.resolve(withOptions(z.strictObject({}))) };
  await t.rejects(assemble([promised]), {
    message: 'plugins: "./p.ts": its default export is a promise: export what it resolves to, by await',
  });
});

t.test("the description of a transformed option is in the schema for editors", async (t) => {
  const n = z.string().transform(Number).describe("How many.");
  const schema = scenarioJsonSchema(await assemble([parts, withOptions(z.strictObject({ n }))]));
  t.match(JSON.stringify(schema), /"n":\{("description":"How many\."|"type":"string"|,){3}\}/);
  const either = z
    .union([z.number(), z.string().transform(Number)])
    .optional()
    .describe("Or text.");
  const within = scenarioJsonSchema(await assemble([parts, withOptions(z.strictObject({ either }))]));
  t.match(
    JSON.stringify(within),
    '"either":{"description":"Or text."',
    "also where only a part of it is transformed",
  );
});

t.test("a component whose create returns nothing is named", async (t) => {
  for (const nothing of [undefined, null]) {
    const empty = component(contract<unknown>("scorer"), {
      name: "empty",
      summary: "",
      create: () => nothing,
    });
    const context = contextOf(await assemble([empty]), base);
    await t.rejects(context.create(empty.contract, "empty"), {
      name: "RunError",
      message: `scorer "empty": its create returned ${nothing}, and no scorer`,
    });
  }
});
