/**
 * Models in TensorFlow.js's own format: a folder with `model.json` and the weights beside it, as `model.save` and the
 * converters write it (Keras, TensorFlow's saved models).
 *
 * @module
 */
import {
  type Classifier,
  type ClassifierSource,
  ClassifierSources,
  classifierOf,
  component,
  InputError,
  inFolder,
  messageOf,
  parseOptions,
  preprocessingOptions,
  tf,
  z,
} from "../../../core/mod.ts";
import { bytesAt, locationOf, pathOf } from "../parts/read.ts";

const options = z.strictObject({
  model: z.string().min(1).describe("The folder or its `model.json`: a path from the scenario, or a URL."),
  output: z
    .enum(["auto", "logits", "probabilities"])
    .default("auto")
    .describe("What the model gives; `auto` looks whether the rows of an output are shares of 1."),
  ...preprocessingOptions,
});

/** Options of {@link tfjsModel}; a path starts at the working directory. */
export type TfjsModelOptions = Omit<z.input<typeof options>, "model"> & { readonly model: string | URL };

/** Probabilities below this are taken for it: their logarithm must be a number. */
const LEAST = 1e-30;

/** A layers model or a graph model, loaded. */
interface Model {
  /** Shape of an input without the batch axis, where the model says it. */
  readonly inputShape: readonly number[] | undefined;
  apply(x: tf.Tensor): tf.Tensor;
  dispose(): void;
}

/** Loads a model of either kind. */
export function tfjsModel(given: TfjsModelOptions): ClassifierSource {
  const parts = parseOptions("tfjs-model", options, { ...given, model: String(given.model) });
  const { output } = parts;
  const location = locationOf(parts.model);
  return {
    name: "tfjs-model",
    async *open(place) {
      const url = location.pathname.endsWith(".json") ? location : inFolder(location, "model.json");
      const model = await load(url);
      const shape = model.inputShape ?? place.inputShape;
      const as = (apply: Model["apply"]): Classifier =>
        classifierOf(place, parts, shape, apply, model.dispose);
      try {
        const raw = as(model.apply);
        const shares = output === "auto" ? await givesShares(raw) : output === "probabilities";
        const classifier = shares ? as((x) => tf.log(tf.maximum(model.apply(x), LEAST))) : raw;
        await place.check?.(classifier);
        return classifier;
      } catch (error) {
        model.dispose();
        throw error;
      }
    },
  };
}

/** What `model.json` holds. */
interface ModelJson {
  readonly format?: string;
  readonly modelTopology: object;
  readonly weightsManifest: readonly {
    readonly paths: readonly string[];
    readonly weights: tf.io.WeightsManifestEntry[];
  }[];
  readonly signature?: object;
  readonly userDefinedMetadata?: object;
}

async function load(url: URL): Promise<Model> {
  const text = new TextDecoder().decode(await bytesAt(url));
  try {
    const json = JSON.parse(text) as ModelJson;
    const artifacts = await artifactsOf(json, url);
    const handler = { load: async () => artifacts };
    return json.format === "graph-model" ||
      !("model_config" in json.modelTopology || "config" in json.modelTopology)
      ? graph(await tf.loadGraphModel(handler))
      : layers(await tf.loadLayersModel(handler));
  } catch (cause) {
    if (cause instanceof InputError) throw cause;
    throw new InputError(`${pathOf(url)}: cannot be loaded as a TensorFlow.js model: ${messageOf(cause)}`, {
      cause,
    });
  }
}

/** All that is in the folder, as tfjs wants it. */
async function artifactsOf(json: ModelJson, url: URL): Promise<tf.io.ModelArtifacts> {
  const parts: Uint8Array[] = [];
  for (const { paths } of json.weightsManifest) {
    for (const path of paths) parts.push(await bytesAt(new URL(path, url)));
  }
  return {
    modelTopology: json.modelTopology,
    weightSpecs: json.weightsManifest.flatMap(({ weights }) => weights),
    weightData: await new Blob(parts as BlobPart[]).arrayBuffer(),
    ...(json.signature && { signature: json.signature }),
    ...(json.userDefinedMetadata && {
      userDefinedMetadata: json.userDefinedMetadata as Record<string, object>,
    }),
    ...(json.format !== undefined && { format: json.format }),
  };
}

function layers(model: tf.LayersModel): Model {
  const [, ...shape] = one("input", model.inputs).shape;
  one("output", model.outputs);
  return {
    inputShape: known(shape),
    apply: (x) => model.apply(x, { training: false }) as tf.Tensor,
    dispose: () => void model.dispose(),
  };
}

function graph(model: tf.GraphModel): Model {
  const input = one("input", model.inputs);
  const output = one("output", model.outputs);
  const [, ...shape] = input.shape ?? [];
  return {
    inputShape: known(shape),
    apply: (x) => model.execute({ [input.name]: x }, output.name) as tf.Tensor,
    dispose: () => model.dispose(),
  };
}

function one<T>(what: string, all: readonly T[]): T {
  if (all.length === 1) return all[0]!;
  throw new InputError(`a classifier has one ${what}, this model has ${all.length}`);
}

/** A shape all of whose lengths are known, or nothing. */
function known(shape: readonly (number | null)[]): readonly number[] | undefined {
  return shape.length > 0 && shape.every((length) => length !== null && length > 0)
    ? (shape as number[])
    : undefined;
}

/** Whether what is given for a grey and a bright image are shares of 1. */
async function givesShares({ logits, inputShape, bounds: [low, high] }: Classifier): Promise<boolean> {
  const y = tf.tidy(() =>
    logits(tf.stack([(low + high) / 2, high].map((value) => tf.fill([...inputShape], value)))),
  );
  const rows = (await y.array()) as number[][];
  y.dispose();
  return rows.every(
    (row) => row.every((p) => p >= 0 && p <= 1) && Math.abs(row.reduce((a, b) => a + b, 0) - 1) < 1e-3,
  );
}

/** How a scenario names it: `{ use: tfjs-model, model: ./my-model }`. */
export default component(ClassifierSources, {
  name: "tfjs-model",
  summary: "A TensorFlow.js LayersModel or GraphModel folder (model.json and its weights)",
  options,
  create: (given, context) => tfjsModel({ ...given, model: context.locate(given.model) }),
});
