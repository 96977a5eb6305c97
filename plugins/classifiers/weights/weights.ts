/**
 * A classifier trained elsewhere: a network of this house, its weights from a safetensors file by their names.
 *
 * @module
 */
import {
  assign,
  type ClassifierSource,
  ClassifierSources,
  component,
  decodeTensors,
  type FlattenedAxis,
  InputError,
  laidOut,
  meant,
  type NetworkPlan,
  Networks,
  parseOptions,
  path,
  preprocessingOptions,
  RunError,
  type StoredTensor,
  type TensorFile,
  tf,
  z,
} from "../../../core/mod.ts";
import { networkClassifier } from "../parts/network.ts";
import { files, locationOf, pathOf } from "../parts/read.ts";

/** Options but for the network, which is another component. */
const ownOptions = z.strictObject({
  file: path().describe("The safetensors file: a path from the scenario, or a URL."),
  names: z
    .record(z.string(), z.string())
    .default({})
    .describe("The file's name for each weight that it has under another than the network's."),
  prefix: z.string().default("").describe("Stands before each name that is not among `names`."),
  layout: z
    .enum(["tensorflow", "pytorch", "pytorch-channels-last"])
    .default("tensorflow")
    .describe(
      "Order of axes: `tensorflow`, or `pytorch`: matrices are [outputs, inputs], filters [outputs, inputs, height, width], " +
        "and images are flattened channels first. `pytorch-channels-last`: the same for a network that was trained on rows " +
        "of images flattened channels last.",
    ),
  ...preprocessingOptions,
});

/** Options of {@link weights}; a path starts at the working directory. */
export type WeightsOptions = Omit<z.input<typeof ownOptions>, "file"> & {
  readonly network: NetworkPlan;
  readonly file: string | URL;
};

/** Reads the weights of a network. */
export function weights({ network: plan, ...given }: WeightsOptions): ClassifierSource {
  const {
    file: from,
    names,
    prefix,
    layout,
    ...preprocessing
  } = parseOptions("weights", ownOptions, {
    ...given,
    file: String(given.file),
  });
  return {
    name: "weights",
    async *open(place, { key }) {
      const location = locationOf(from);
      const path = pathOf(location);
      const reader = files();
      const file = decodeTensors(await reader.read(location), path);
      const input = laidOut(place.inputShape, preprocessing.channelsFirst);
      const network = plan.build({ input, output: [place.classes] }, key.fold("unused"));
      // images that come channels first are in PyTorch's order already
      const turnsRows = layout === "pytorch" && !preprocessing.channelsFirst;
      try {
        const variables = [...network.parameters, ...network.state];
        const known = variables.map(([name]) => name);
        const unknown = Object.keys(names).find((name) => !known.includes(name));
        if (unknown !== undefined) {
          throw new InputError(
            `classifier "${place.name}": network "${plan.name}" has no "${unknown}"; it has ${known.join(", ")}`,
          );
        }
        for (const [name, variable] of variables) {
          const storedName = names[name] ?? `${prefix}${name}`;
          const stored = tensorNamed(file, storedName, path);
          const flattened = turnsRows ? network.flattened?.get(name) : undefined;
          const given = layout === "tensorflow" ? stored : await turned(stored, flattened);
          const hint = layout === "tensorflow" ? hintOf(stored, variable) : "";
          fill(variable, given, `${path}: ${storedName}`, hint);
        }
        const classifier = networkClassifier(network, place, preprocessing);
        await place.check?.(classifier);
        return { ...classifier, files: reader.hashes };
      } catch (error) {
        network.dispose();
        throw error;
      }
    },
  };
}

/** @throws InputError listing the names that the file has */
function tensorNamed({ tensors, unread }: TensorFile, name: string, path: string): StoredTensor {
  const found = tensors.get(name);
  if (found !== undefined) return found;
  const why = unread.get(name);
  if (why !== undefined) throw new InputError(`${path}: tensor "${name}" cannot be read: ${why}`);
  const there = [...tensors.keys()];
  throw new InputError(
    `${path}: has no tensor "${name}"${meant(name, there) || "."} It has: ${there.join(", ") || "none"}`,
  );
}

/** Gives a variable its values; vectors and scalars of as many values fit each other. */
function fill(variable: tf.Variable, stored: StoredTensor, name: string, hint: string): void {
  const vector = (shape: readonly number[]): boolean => shape.filter((length) => length !== 1).length <= 1;
  const fits = vector(stored.shape) && vector(variable.shape) && stored.values.length === variable.size;
  try {
    assign(variable, fits ? { ...stored, shape: variable.shape } : stored, name);
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    throw new InputError(
      `${name} is ${stored.dtype} [${stored.shape}], but the network has ${variable.dtype} [${variable.shape}] ` +
        `there${hint}`,
    );
  }
}

/** PyTorch's axes in the order of TensorFlow's, by their number. */
const ORDERS: Readonly<Record<number, readonly number[]>> = { 2: [1, 0], 4: [2, 3, 1, 0] };

/** What helps where a tensor has PyTorch's order of axes. */
function hintOf({ shape }: StoredTensor, variable: tf.Variable): string {
  const turned = ORDERS[shape.length]?.map((axis) => shape[axis]);
  return turned?.join() === variable.shape.join() ? ": set layout: pytorch" : "";
}

/** From PyTorch's order of axes, and of an image's values where an axis counts those, to TensorFlow's. */
async function turned(stored: StoredTensor, flattened: FlattenedAxis | undefined): Promise<StoredTensor> {
  const order = ORDERS[stored.shape.length];
  if (order === undefined && flattened === undefined) return stored;
  const x = tf.tidy(() => {
    const given = tf.tensor(stored.values, [...stored.shape], stored.dtype);
    const laid = order === undefined ? given : tf.transpose(given, [...order]);
    return flattened === undefined ? laid : channelsLast(laid, flattened);
  });
  const values = (await x.data()).slice() as Float32Array;
  x.dispose();
  return { dtype: stored.dtype, shape: x.shape, values };
}

/** An axis that counts an image's values channels first, counting them channels last. */
function channelsLast(x: tf.Tensor, { axis, image }: FlattenedAxis): tf.Tensor {
  const [height, width, channels] = image as [number, number, number];
  if (x.shape[axis] !== height * width * channels) return x; // not of this network: told when it is filled in
  const [before, after] = [x.shape.slice(0, axis), x.shape.slice(axis + 1)];
  const places = [channels, height, width].map((_, i) => axis + i);
  const behind = after.map((_, i) => axis + 3 + i);
  const apart = tf.reshape(x, [...before, channels, height, width, ...after]);
  const order = [...before.map((_, i) => i), places[1]!, places[2]!, places[0]!, ...behind];
  return tf.reshape(tf.transpose(apart, order), x.shape);
}

/** How a scenario names it: `{ use: weights, network: { use: mlp, hidden: [128] }, file: mlp.safetensors }`. */
export default component(ClassifierSources, {
  name: "weights",
  summary: "A network with weights from a safetensors file, by name",
  options: (refs) =>
    z.strictObject({
      network: refs(Networks).describe("Architecture; its page says how its weights are called."),
      ...ownOptions.shape,
    }),
  create: async ({ network, file, ...rest }, context) =>
    weights({ ...rest, network: await context.create(Networks, network), file: context.locate(file) }),
});
