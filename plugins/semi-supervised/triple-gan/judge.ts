/**
 * The discriminator at work: scores of pairs of row and label.
 *
 * @module
 */

import type { NetworkPlan, Ref } from "../../../core/mod.ts";
import { InputError, identify, type Json, type Key, type Network, Networks, tf } from "../../../core/mod.ts";
import type { SslProblem } from "../method.ts";
import { type Batches, passed } from "../passes.ts";
import { created } from "../recipe.ts";
import type { Pairs } from "./conditional.ts";

/** Pairs by name. */
type Shown = Readonly<Record<string, Pairs>>;

/** A discriminator at work. */
export interface Judge {
  readonly network: Network;
  /** What it was built from. */
  readonly plan: Json;
  /** Scores `[n, 1]` of pairs, by name, in training: D's logits that they are real. */
  scores<P extends Shown>(pairs: P, key: Key): { [N in keyof P]: tf.Tensor };
}

/** What a discriminator is built from. */
interface JudgeParts {
  readonly discriminator: NetworkPlan | Ref<NetworkPlan>;
  readonly labelAs: "values" | "channels";
}

/**
 * Builds the discriminator of a problem; the run keeps it as `discriminator`.
 * @throws InputError where labels are to be channels of rows that are no images
 */
export async function judgeOf(
  { discriminator, labelAs }: JudgeParts,
  { classifier, shape, state, key, context }: SslProblem,
): Promise<Judge> {
  const classes = classifier.outputShape[0]!;
  if (labelAs === "channels" && shape.length !== 3) {
    throw new InputError(
      `ssl-method "triple-gan": labelAs: channels takes images, but rows are [${shape}]; set labelAs: values`,
    );
  }
  const joined = labelAs === "channels" ? withChannels : withValues;
  const size = shape.reduce((product, n) => product * n, 1);
  const input = labelAs === "channels" ? [...shape.slice(0, 2), shape[2]! + classes] : [size + classes];
  const plan = await created(context, Networks, discriminator);
  const network = state.network("discriminator", plan, { input, output: [1] }, key.fold("discriminator"));
  return {
    network,
    plan: identify(plan),
    scores<P extends Shown>(pairs: P, key: Key) {
      const batches = Object.entries(pairs).map(([name, pair]) => [name, joined(pair)]);
      return passed(network, Object.fromEntries(batches) as Batches, (x, name) =>
        network.apply(x, { training: true, key: key.fold(name) }),
      ) as { [N in keyof P]: tf.Tensor };
    },
  };
}

/** `[n, size + K]` */
function withValues({ x, y }: Pairs): tf.Tensor {
  return tf.concat([tf.reshape(x, [x.shape[0]!, -1]), y], 1);
}

/** `[n, h, w, c + K]` */
function withChannels({ x, y }: Pairs): tf.Tensor {
  const [n, height, width] = x.shape as [number, number, number];
  const classes = y.shape[1]!;
  const maps = tf.tile(tf.reshape(y, [n, 1, 1, classes]), [1, height, width, 1]);
  return tf.concat([x, maps], 3);
}
