/**
 * A classifier trained elsewhere: a network of this house, its weights from a safetensors file by their names.
 *
 * @module
 */
import {
  assign,
  type Built,
  type ClassifierSource,
  Classifiers,
  component,
  decodeTensors,
  InputError,
  meant,
  Networks,
  preprocessingShape,
  type Refs,
  RunError,
  type StoredTensor,
  type TensorFile,
  tf,
  z,
} from "../../../core/mod.ts";
import { networkClassifier } from "../parts/network.ts";
import { bytesAt, pathOf } from "../parts/read.ts";

const options = (refs: Refs) =>
  z.strictObject({
    network: refs(Networks).describe("Architecture; its page says how its weights are called."),
    file: z.string().min(1).describe("The safetensors file: a path from the scenario, or a URL."),
    names: z
      .record(z.string(), z.string())
      .default({})
      .describe("The file's name for each weight that has another in the network, by the network's."),
    prefix: z.string().default("").describe("Precedes each name that is not among `names`."),
    layout: z
      .enum(["tensorflow", "pytorch"])
      .default("tensorflow")
      .describe(
        "Order of axes: [inputs, outputs], or PyTorch's [outputs, inputs] and [outputs, inputs, height, width].",
      ),
    ...preprocessingShape(),
  });

/** Options of {@link weights}, their components created and the file located. */
export type WeightsOptions = Omit<Built<typeof options>, "file"> & { readonly file: URL };

/** Reads the weights of a network. */
export function weights(parts: WeightsOptions): ClassifierSource {
  const { network: plan, file, names, prefix, layout } = parts;
  return {
    name: "weights",
    async *open(place, { key }) {
      const path = pathOf(file);
      const { tensors } = decodeTensors(await bytesAt(file), path);
      const network = plan.build({ input: place.inputShape, output: [place.classes] }, key.fold("unused"));
      try {
        const own = [...network.parameters, ...network.state];
        const unknown = Object.keys(names).find((name) => !own.some(([of]) => of === name));
        if (unknown !== undefined) {
          throw new InputError(
            `classifier "${place.name}": network "${plan.name}" has no "${unknown}"; it has ${own.map(([of]) => of).join(", ")}`,
          );
        }
        for (const [name, variable] of own) {
          const stored = tensorNamed(tensors, names[name] ?? `${prefix}${name}`, path);
          fill(
            variable,
            layout === "pytorch" ? await turned(stored) : stored,
            `${path}: ${names[name] ?? prefix + name}`,
          );
        }
        const classifier = networkClassifier(network, place, parts);
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
export default component(Classifiers, {
  name: "weights",
  summary: "A network with weights from a safetensors file, by name",
  options,
  create: async (given, context) =>
    weights({ ...(await context.build(given)), file: context.locate(given.file) }),
});
