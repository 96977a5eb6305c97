/**
 * Classifiers out of networks.
 *
 * @module
 */
import {
  type Classifier,
  type ClassifierPlace,
  classifierOf,
  InputError,
  type Network,
  type Preprocessing,
  sizeOf,
} from "../../../core/mod.ts";

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
  return classifierOf(place, preprocessing, inputShape, forward, () => network.dispose());
}
