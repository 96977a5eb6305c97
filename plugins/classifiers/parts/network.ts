/**
 * Classifiers out of networks.
 *
 * @module
 */
import {
  type Classifier,
  type ClassifierPlace,
  classifierOf,
  encodeTensors,
  InputError,
  type Network,
  type Preprocessing,
  type StoredTensor,
  sha256,
  sizeOf,
} from "../../../core/mod.ts";

/** SHA-256 of the weights, by name, as a safetensors file holds them. */
async function fingerprintOf({ parameters, state }: Network): Promise<string> {
  const named = [...parameters, ...state].sort(([a], [b]) => (a < b ? -1 : 1));
  const stored = new Map<string, StoredTensor>();
  for (const [name, variable] of named) {
    const values = Float32Array.from(await variable.data());
    stored.set(name, { dtype: "float32", shape: variable.shape, values });
  }
  return await sha256(encodeTensors(stored));
}

/**
 * A network as a classifier: as it is in use, without noise or dropout. Disposing it disposes the network.
 * @throws InputError where its output has not as many values as there are classes
 */
export function networkClassifier(
  network: Network,
  place: ClassifierPlace,
  preprocessing: Preprocessing,
): Classifier {
  const { inputShape, outputShape } = network;
  if (sizeOf(outputShape) !== place.classes) {
    throw new InputError(
      `classifier "${place.name}" gives [${outputShape}] for an image, but the data has ${place.classes} classes`,
    );
  }
  const forward: Parameters<typeof classifierOf>[3] = (x) => network.apply(x, { training: false });
  return {
    ...classifierOf(place, preprocessing, inputShape, forward, () => network.dispose()),
    fingerprint: () => fingerprintOf(network),
  };
}
