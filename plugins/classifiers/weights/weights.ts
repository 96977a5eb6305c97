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
  InputError,
  meant,
  type NetworkPlan,
  Networks,
  parseOptions,
  preprocessingOptions,
  RunError,
  type StoredTensor,
  type TensorFile,
  tf,
  z,
} from "../../../core/mod.ts";
import { networkClassifier } from "../parts/network.ts";
import { bytesAt, locationOf, pathOf } from "../parts/read.ts";

/** Options but for the network, which is another component. */
const ownOptions = z.strictObject({
  file: z.string().min(1).describe("The safetensors file: a path from the scenario, or a URL."),
  names: z
    .record(z.string(), z.string())
    .default({})
    .describe("The file's name for each weight that it has under another than the network's."),
  prefix: z.string().default("").describe("Stands before each name that is not among `names`."),
  layout: z
    .enum(["tensorflow", "pytorch"])
    .default("tensorflow")
    .describe(
      "Order of axes: `tensorflow`, or `pytorch`: matrices are [outputs, inputs], filters [outputs, inputs, height, width].",
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
  const { file, names, prefix, layout, ...preprocessing } = parseOptions("weights", ownOptions, {
    ...given,
    file: String(given.file),
  });
  return {
    name: "weights",
    async *open(place, { key }) {
      const location = locationOf(file);
      const path = pathOf(location);
      const { tensors } = decodeTensors(await bytesAt(location), path);
      const network = plan.build({ input: place.inputShape, output: [place.classes] }, key.fold("unused"));
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
          const stored = tensorNamed(tensors, storedName, path);
          fill(variable, layout === "pytorch" ? await turned(stored) : stored, `${path}: ${storedName}`);
        }
        const classifier = networkClassifier(network, place, preprocessing);
        await place.check?.(classifier);
        return classifier;
      } catch (error) {
        network.dispose();
        throw error;
      }
    },
  };
}

/** @throws InputError listing the names that the file has */
function tensorNamed(tensors: TensorFile["tensors"], name: string, path: string): StoredTensor {
  const found = tensors.get(name);
  if (found !== undefined) return found;
  const there = [...tensors.keys()];
  throw new InputError(`${path}: has no tensor "${name}"${meant(name, there)} It has: ${there.join(", ")}`);
}

/** Gives a variable its values; vectors and scalars of as many values fit each other. */
function fill(variable: tf.Variable, stored: StoredTensor, name: string): void {
  const vector = (shape: readonly number[]): boolean => shape.filter((length) => length !== 1).length <= 1;
  const fits = vector(stored.shape) && vector(variable.shape) && stored.values.length === variable.size;
  try {
    assign(variable, fits ? { ...stored, shape: variable.shape } : stored, name);
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    throw new InputError(
      `${name} is ${stored.dtype} [${stored.shape}], but the network has ${variable.dtype} [${variable.shape}] there ` +
        "(layout: pytorch turns matrices and filters)",
    );
  }
}

/** From PyTorch's order of axes to TensorFlow's. */
async function turned(stored: StoredTensor): Promise<StoredTensor> {
  const order = { 2: [1, 0], 4: [2, 3, 1, 0] }[stored.shape.length];
  if (order === undefined) return stored;
  const x = tf.tidy(() => tf.transpose(tf.tensor(stored.values, [...stored.shape], stored.dtype), order));
  const values = (await x.data()).slice() as Float32Array;
  x.dispose();
  return { dtype: stored.dtype, shape: x.shape, values };
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
