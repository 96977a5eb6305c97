/**
 * Models in TensorFlow.js's own format: a folder with `model.json` and the weights beside it, as `model.save` and the
 * converters write it (Keras, TensorFlow's saved models).
 *
 * @module
 */
import {
  type Classifier,
  type ClassifierPlace,
  type ClassifierSource,
  ClassifierSources,
  classifierOf,
  component,
  InputError,
  inFolder,
  Key,
  messageOf,
  parseOptions,
  path,
  preprocessingOptions,
  preprocessorOf,
  sizeOf,
  tf,
  wrongOutput,
  z,
} from "../../../core/mod.ts";
import { files, locationOf } from "../parts/read.ts";
import { loadModel, notLoaded } from "./load.ts";
import { type Forward, inBatchesOf, type Model, type Output, typed } from "./model.ts";
import { drawingFrom } from "./random.ts";

const options = z.strictObject({
  model: path().describe("The folder or its `model.json`: a path from the scenario, or a URL."),
  head: z
    .union([z.string().min(1), z.int().min(0)])
    .optional()
    .describe(
      "Which output is the classifier's, by name or number from 0, of several; the only one that fits unless given.",
    ),
  output: z
    .enum(["auto", "logits", "probabilities", "sigmoids"])
    .default("auto")
    .describe(
      "What the model gives: `logits`; `probabilities` that are shares of 1, or of the second class alone; `sigmoids`, a " +
        "probability of its own for each class; `auto` looks at its last operation, takes what comes before a softmax or " +
        "a sigmoid, and looks at the values where that does not tell.",
    ),
  ...preprocessingOptions,
});

/** Options of {@link tfjsModel}; a path starts at the working directory. */
export type TfjsModelOptions = Omit<z.input<typeof options>, "model"> & { readonly model: string | URL };

/** What an output is taken for. */
type Given = Exclude<z.output<typeof options>["output"], "auto">;

/** Probabilities below this are taken for it: their logarithm must be a number. */
const LEAST = 1e-30;

/** Loads a model of either kind. */
export function tfjsModel(given: TfjsModelOptions): ClassifierSource {
  const parts = parseOptions("tfjs-model", options, { ...given, model: String(given.model) });
  const location = locationOf(parts.model);
  return {
    name: "tfjs-model",
    async *open(place) {
      const url = location.pathname.endsWith(".json") ? location : inFolder(location, "model.json");
      const reader = files();
      const model = await loadModel(url, reader);
      try {
        const classifier = await classifierIn(model, parts, place).catch((error: unknown) => {
          throw notLoaded(url, error);
        });
        await place.check?.(classifier);
        return { ...classifier, files: reader.hashes };
      } catch (error) {
        model.dispose();
        throw error;
      }
    },
  };
}

type Parts = z.output<typeof options>;

/** The classifier that a model is. @throws InputError where it is none, or does not run */
async function classifierIn(model: Model, parts: Parts, place: ClassifierPlace): Promise<Classifier> {
  const { inputShape, inputType } = model;
  if (inputType !== "float32" && inputType !== "int32") {
    throw new InputError(`its input is of type ${inputType}, not numbers`);
  }
  const [batch = null, ...rest] = inputShape ?? [];
  const shape = known(rest) ?? place.inputShape;
  const output = outputOf(model, parts.head, place.classes);
  const passing = (before: boolean): Forward => {
    const pass: Forward = (x, key) => rows(drawingFrom(key, () => output.apply(x, before)));
    const whole = typed(pass, inputType);
    return batch !== null && batch > 0 ? inBatchesOf(batch, whole) : whole;
  };
  const raw = classifierOf(place, parts, shape, passing(false)); // checks bounds and layout
  const prepare = preprocessorOf(place.name, place.inputShape, parts, shape);
  const seen = await lookedAt((x) => passing(false)(prepare(x)), raw);
  checkColumns(place, seen);
  const given = parts.output === "auto" ? kindOf(output.ending, seen) : parts.output;
  const before = parts.output === "auto" && (output.ending === "softmax" || output.ending === "sigmoid");
  const forward = passing(before);
  const logits = logitsOf(given, before);
  return classifierOf(place, parts, shape, (x, key) => logits(forward(x, key)), model.dispose);
}

/** @throws InputError where an output is not as wide as there are classes */
function checkColumns(place: ClassifierPlace, seen: readonly (readonly number[])[]): void {
  const { name, classes } = place;
  const columns = seen[0]!.length;
  if (columns === classes || (columns === 1 && classes === 2)) return;
  if (columns > 1) throw wrongOutput(place, seen.length, [seen.length, columns]);
  throw new InputError(
    `classifier "${name}": its output for ${seen.length} images is [${seen.length},${columns}], not (n, classes) = ` +
      `[${seen.length}, ${classes}]; a single number tells two classes apart`,
  );
}

/** The output that is the classifier's. @throws InputError listing those that there are */
function outputOf({ outputs }: Model, head: Parts["head"], classes: number): Output {
  const shown = ({ name, shape }: Output): string =>
    `"${name}"${shape === undefined ? "" : ` [${shape.map((length) => length ?? "n")}]`}`;
  const list = outputs.map(shown).join(", ");
  if (head !== undefined) {
    const found = outputs.find(({ name }, i) => head === i || head === name || `${head}:0` === name);
    if (found !== undefined) return found;
    throw new InputError(`it has no output ${JSON.stringify(head)}. It has: ${list}`);
  }
  if (outputs.length === 1) return outputs[0]!;
  const fits = ({ shape }: Output): boolean => {
    const width = shape?.slice(1).reduce<number>((a, b) => a * (b ?? Number.NaN), 1);
    return width === classes || (width === 1 && classes === 2);
  };
  const fitting = outputs.filter(fits);
  if (fitting.length === 1) return fitting[0]!;
  throw new InputError(
    `it has ${outputs.length} outputs, of which ${fitting.length} fit ${classes} classes: say which is the classifier's, as ` +
      `in head: ${JSON.stringify((fitting[0] ?? outputs[0]!).name)}. It has: ${list}`,
  );
}

/** `[n, ...]` as `[n, columns]`, where all axes but one are of length 1: such as what a convolution over all gives. */
function rows(y: tf.Tensor): tf.Tensor {
  const [n, ...others] = y.shape;
  return others.filter((length) => length !== 1).length > 1 ? y : tf.reshape(y, [n!, -1]);
}

/** A shape all of whose lengths are known, or nothing. */
function known(shape: readonly (number | null)[]): readonly number[] | undefined {
  return shape.length > 0 && shape.every((length) => length !== null && length > 0)
    ? (shape as number[])
    : undefined;
}

/** Images of which a model is asked what it gives: of one brightness each, and of noise. */
const LOOKED_AT = 8;

/** What the model gives for some images, row by row. @throws InputError where it does not run */
async function lookedAt(
  forward: (x: tf.Tensor) => tf.Tensor,
  { inputShape, bounds: [low, high] }: Pick<Classifier, "inputShape" | "bounds">,
): Promise<number[][]> {
  const size = sizeOf(inputShape);
  const values = Key.from("tfjs-model").uniformArray(LOOKED_AT * size, low, high);
  for (const [i, share] of [0, 0.5, 1].entries()) {
    values.fill(low + share * (high - low), i * size, (i + 1) * size);
  }
  try {
    const y = tf.tidy(() =>
      tf.reshape(forward(tf.tensor(values, [LOOKED_AT, ...inputShape])), [LOOKED_AT, -1]),
    );
    const given = (await y.array()) as number[][];
    y.dispose();
    return given;
  } catch (cause) {
    if (cause instanceof InputError) throw cause;
    throw new InputError(`it does not run: ${reasonOf(cause)}`, { cause });
  }
}

/** Why a model does not run, with what can be done. */
function reasonOf(cause: unknown): string {
  const message = messageOf(cause);
  const dynamic = /node '([^']*)', which has the dynamic op '([^']*)'/.exec(message);
  if (dynamic !== null) {
    return (
      `its node "${dynamic[1]}" (${dynamic[2]}) has a result whose shape depends on values, or chooses what runs, which ` +
      "has no gradient: convert the model without it"
    );
  }
  const [, kernel] = /Kernel '([^']*)' not registered/.exec(message) ?? [];
  if (kernel === undefined || tf.getKernel(kernel, "cpu") === undefined) return message;
  return `engine "${tf.getBackend()}" has no ${kernel}: set engine: cpu, which has it`;
}

/** What the values of an output are. */
function kindOf(ending: Output["ending"], seen: readonly (readonly number[])[]): Given {
  const single = seen[0]!.length === 1;
  if (ending === "linear") return "logits";
  if (ending === "softmax") return "probabilities";
  if (ending === "sigmoid") return single ? "probabilities" : "sigmoids";
  const areShares = seen.every(
    (row) =>
      row.every((p) => p >= 0 && p <= 1) && (single || Math.abs(row.reduce((a, b) => a + b, 0) - 1) < 1e-3),
  );
  return areShares ? "probabilities" : "logits";
}

/** From an output to logits of all classes. Of a single number that of the second class is told, the first one's is 0. */
function logitsOf(given: Given, before: boolean): (y: tf.Tensor) => tf.Tensor {
  const log = (p: tf.Tensor): tf.Tensor => tf.log(tf.maximum(p, LEAST));
  const odds = (p: tf.Tensor): tf.Tensor => tf.sub(log(p), log(tf.sub(1, p)));
  const both = (z: tf.Tensor): tf.Tensor => tf.concat([tf.zerosLike(z), z], 1);
  return (y) => {
    const single = y.rank === 2 && y.shape[1] === 1;
    if (given === "sigmoids") return before ? y : odds(y);
    if (single) return both(given === "logits" || before ? y : odds(y));
    if (given === "logits") return y;
    return before ? tf.sub(y, tf.logSumExp(y, 1, true)) : log(y);
  };
}

/** How a scenario names it: `{ use: tfjs-model, model: ./my-model }`. */
export default component(ClassifierSources, {
  name: "tfjs-model",
  summary: "A TensorFlow.js LayersModel or GraphModel folder (model.json and its weights)",
  options,
  create: (given, context) => tfjsModel({ ...given, model: context.locate(given.model) }),
});
