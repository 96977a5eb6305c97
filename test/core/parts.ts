/** A small world of components for the tests of scenarios, plugins and runs. */
import {
  type Application,
  Applications,
  component,
  Datasets,
  definePlugin,
  type EngineInfo,
  Engines,
  type LoadedScenario,
  loadScenario,
  Objectives,
  type Plugin,
  type RunContext,
  Targets,
  z,
} from "../../core/mod.ts";

const info: EngineInfo = { name: "still", version: "1", device: "", reason: "asked for" };
const unused = (): never => {
  throw new Error("tests of scenarios create nothing");
};

/** Options of many shapes: references with and without a default, lists, bounds, choices. */
const studyOptions = component(Applications, {
  name: "study",
  summary: "An application with every kind of option",
  options: (refs) =>
    z.strictObject({
      target: refs(Targets).describe("What to learn."),
      objective: refs(Objectives).default({ use: "penalised" }).describe("The game."),
      others: z.array(refs(Objectives)).default([{ use: "penalised" }]),
      m: z.int().min(1).default(64).describe("Batch size."),
      schedule: z
        .strictObject({ kind: z.enum(["constant", "linear"]), warmUp: z.number().optional() })
        .optional(),
      width: z.union([z.number(), z.literal("auto")]).optional(),
      range: z.tuple([z.number(), z.number()]).optional(),
      shuffle: z.boolean().default(true),
      title: z.string().min(2).optional(),
    }),
  create: unused,
});

const labels = component(Targets, {
  name: "label-difference",
  summary: "Two label sets",
  options: (refs) =>
    z
      .strictObject({
        data: refs(Datasets),
        pd: z.array(z.int()).min(1).describe("Labels of pd."),
        pdBar: z.array(z.int()).min(1).default([1, 7]),
        alpha: z.number().min(0).lt(1).default(0.5),
      })
      .refine((o) => o.pd.length <= o.pdBar.length, { error: "pd has more labels than pdBar" }),
  create: unused,
});

// Not strict by itself: references make it so.
const ring = component(Datasets, {
  name: "ring",
  summary: "Points on a circle",
  options: () => z.object({ radius: z.number().positive().default(1) }),
  create: unused,
});

const penalised = component(Objectives, {
  name: "penalised",
  summary: "With a penalty",
  reference: "Somebody et al.",
  options: () => z.strictObject({ lambda: z.number().positive().default(10).describe("Its weight.") }),
  create: unused,
});

const plain = component(Objectives, {
  name: "plain",
  summary: "Without",
  options: () => z.strictObject({}),
  create: unused,
});

const still = component(Engines, {
  name: "still",
  summary: "An engine that does nothing",
  options: () => z.strictObject({}),
  create: () => ({ name: "still", merit: 0, start: async () => info }),
});

const auto = component(Engines, {
  name: "auto",
  summary: "The default engine",
  options: () => z.strictObject({ prefer: z.string().default("still") }),
  create: () => ({ name: "auto", merit: -1, start: async () => info }),
});

/** The plugin of all of them. */
export const parts: Plugin = definePlugin({
  name: "parts",
  core: "^0.1.0",
  components: [studyOptions, labels, ring, penalised, plain, auto, still],
});

/** A plugin whose application `act` does what a test says. */
export function acting(run: (context: RunContext) => ReturnType<Application["run"]>): Plugin {
  const act = component(Applications, {
    name: "act",
    summary: "What the test says",
    options: () => z.strictObject({}),
    create: () => ({ name: "act", run }),
  });
  return definePlugin({
    name: "acting",
    core: "*",
    components: [act],
  });
}

/** A scenario of `act`. */
export function loadActing(
  run: (context: RunContext) => ReturnType<Application["run"]>,
  rest = "",
): Promise<LoadedScenario> {
  return loadScenario(`name: acted\nengine: still\napplication: act\n${rest}`, {
    base: new URL("file:///nowhere/acted.yaml"),
    file: "acted.yaml",
    plugins: [parts, acting(run)],
  });
}
