import t from "tap";
import {
  Applications,
  checkComponents,
  component,
  Datasets,
  InputError,
  type LoadedScenario,
  loadScenario,
  Mixers,
  Objectives,
  type PluginExport,
  parseOptions,
  RunError,
  Targets,
  z,
} from "../../../core/mod.ts";
import { parts } from "../parts.ts";

const created: string[] = [];

const picky = component(Objectives, {
  name: "picky",
  summary: "",
  options: z.strictObject({ lambda: z.number().default(1) }),
  create({ lambda }): never {
    created.push("picky");
    if (lambda === 1) throw new InputError("1 is no weight");
    if (lambda === 2) throw new InputError([{ path: "lambda", message: "2 is no weight" }]);
    if (lambda === 3) parseOptions("picky", z.strictObject({ lambda: z.number().max(2) }), { lambda });
    if (lambda === 4) throw new RunError("no room for weights");
    throw new TypeError("cannot read a weight");
  },
});
const half = component(Mixers, {
  name: "half",
  summary: "",
  create: () => {
    created.push("half");
    return {} as never;
  },
});
const rows = component(Datasets, {
  name: "rows",
  summary: "",
  create: (): never => {
    throw new InputError("there is no such file");
  },
});
const wrapping = component(Targets, {
  name: "wrapping",
  summary: "",
  create: (_, context) =>
    context.create(Datasets, "rows").catch((cause) => {
      throw new Error("the target has no rows", { cause });
    }) as never,
});
const act = component(Applications, {
  name: "act",
  summary: "",
  options: (refs) =>
    z.strictObject({
      target: refs(Targets).optional(),
      data: refs(Datasets).optional(),
      objectives: z.array(refs(Objectives)).default([]),
      mixer: refs(Mixers).prefault("half" as never),
    }),
  create: async (options, context) => {
    await context.build(options);
    created.push("act");
    return {} as never;
  },
});
const plugins: PluginExport[] = [parts, [picky, half, rows, wrapping, act]];

const load = (application: string): Promise<LoadedScenario> =>
  loadScenario(`name: x\nengine: still\napplication:\n${application}`, {
    base: new URL("file:///nowhere/"),
    file: "x.yaml",
    plugins,
  });

/** What is wrong, a problem a line. */
async function wrong(application: string): Promise<string[]> {
  created.length = 0;
  return await checkComponents(await load(application), "x.yaml").then(
    () => [],
    (error: Error) =>
      error instanceof InputError ? error.message.split("\n") : [`not an InputError: ${error}`],
  );
}

t.test("checkComponents() creates what a scenario names, and tells every fault with its line", async (t) => {
  t.strictSame(await wrong("  use: act\n"), []);
  t.strictSame(created.toSorted(), ["act", "half", "half"], "alone, and for the application");
  const all = await wrong(
    "  use: act\n  objectives:\n    - picky\n    - { use: picky, lambda: 2 }\n    - { use: picky, lambda: 3 }\n" +
      "    - { use: picky, lambda: 4 }\n    - { use: picky, lambda: 5 }\n",
  );
  t.match(all, [
    "x.yaml:6: application.objectives.0: 1 is no weight",
    "x.yaml:7: application.objectives.1.lambda: 2 is no weight",
    "x.yaml:8: application.objectives.2.lambda: expected at most 2, got 3",
    "x.yaml:9: application.objectives.3: no room for weights",
    /^x\.yaml:10: application\.objectives\.4: objective "picky": cannot read a weight \(at .*components\.test\.ts:\d+:\d+\)$/,
  ]);
  t.equal(all.length, 5, "the application, which needs them, does not say it again");
});

t.test("checkComponents() reads no data, whoever asks for it", async (t) => {
  t.strictSame(await wrong("  use: act\n  data: rows\n"), []);
  t.strictSame(created, ["half"], "the application needs the data");
  t.strictSame(await wrong("  use: act\n  target: wrapping\n"), [], "a target that reads it by itself");
});

t.test("context.create() names component, path and place of what a component throws", async (t) => {
  const { registry, scenario, base } = await load("  use: act\n  objectives: [{ use: picky, lambda: 5 }]\n");
  const { contextOf } = await import("../../../core/mod.ts");
  const context = contextOf(registry, { base, keys: [], options: scenario });
  await t.rejects(context.create(Applications, scenario.application), {
    name: "RunError",
    path: "application.objectives.0",
    message: /^objective "picky": cannot read a weight \(at .*components\.test\.ts:\d+:\d+\)$/,
    cause: { name: "TypeError", message: "cannot read a weight" },
  });
  await t.rejects(context.create(Objectives, { use: "picky", lamda: 3 }), {
    name: "InputError",
    message: /^lamda: objective "picky": unknown name; did you mean "lambda"/,
  });
});
