/**
 * What APGD asks at each point.
 *
 * @module
 */
import type { AttackRows, StepTools } from "../../../core/mod.ts";
import { tf } from "../../../core/mod.ts";
import { expectedSlope } from "../parts/expectation.ts";
import { type LossName, lossOf } from "../parts/losses.ts";

/** Images to be attacked. */
export interface Rows extends AttackRows {
  /** The classes that the loss is aimed at, int32 `[n]` */
  readonly toward?: tf.Tensor | undefined;
}

/** Loss `[n]`, its slope `[n, ...]`, and 1 where the point fools, `[n]`. */
export type Evaluate = (
  point: tf.Tensor,
  rows: Rows,
  tools: StepTools,
) => { readonly loss: tf.Tensor; readonly slope: tf.Tensor; readonly done: tf.Tensor };

/** Loss, slope and success at a point, on average over draws. */
export function evaluation(name: LossName, samples: number): Evaluate {
  return (point, { y, target, toward }, { classifier, key }) => {
    const climbed = lossOf(name, classifier, toward !== undefined);
    const { loss, gradient, done } = expectedSlope(classifier, point, {
      ...{ loss: climbed, samples, key },
      toward: { y, target: toward },
      aim: { y, target },
    });
    return { loss, slope: gradient, done: tf.cast(done, "float32") };
  };
}
