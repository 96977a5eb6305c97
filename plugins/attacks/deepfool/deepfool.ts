/**
 * DeepFool: to the nearest of the boundaries that the classifier would have if it were linear, again and again.
 * S.-M. Moosavi-Dezfooli, A. Fawzi, P. Frossard, "DeepFool: a simple and accurate method to fool deep neural networks",
 * CVPR 2016, Algorithm 2 (ℓ2) and Sec. 3.3, Eqs. (10) to (12) (ℓ∞).
 *
 * @module
 */
import {
  type Attack,
  type AttackRows,
  Attacks,
  component,
  parseOptions,
  type StepTools,
  tf,
  z,
} from "../../../core/mod.ts";
import { ballOf, clip } from "../parts/ball.ts";
import { differencesOf, pick } from "../parts/differences.ts";
import { drawsOf, meanOf, mostly } from "../parts/expectation.ts";
import { iterate } from "../parts/iterate.ts";
import { fooled } from "../parts/losses.ts";
import { normOption, samplesOption } from "../parts/options.ts";
import { choose } from "../parts/rows.ts";
import { strongestBut } from "../parts/targets.ts";

const options = z.strictObject({
  norm: normOption("distance", "l2"),
  steps: z.int().positive().default(50).describe("Steps at most."),
  candidates: z
    .int()
    .min(2)
    .default(10)
    .describe("Likeliest classes considered, the image's own among them."),
  overshoot: z
    .number()
    .min(0)
    .default(0.02)
    .describe("How far beyond the boundary, as a share of the way there. Not a bound on the distance."),
  overshootOf: z
    .enum(["total", "step"])
    .default("total")
    .describe("Of the `total` way from the image, as in the paper, or of each `step`, as foolbox 1 did."),
  nudge: z
    .number()
    .min(0)
    .default(1e-4)
    .describe("Added to the length of each step, as a share of the bounds' width: foolbox's 1e-4."),
  samples: samplesOption(),
});

/** Options of {@link deepfool}. */
export type DeepfoolOptions = z.input<typeof options>;

/** A slope as short as this counts as none. */
const TINY = 1e-8;

/** Looks for the nearest example. */
export function deepfool(given: DeepfoolOptions = {}): Attack {
  const { norm, steps, candidates, overshoot, overshootOf, nudge, samples } = parseOptions(
    "deepfool",
    options,
    given,
  );
  const ball = ballOf(norm);

  const likeliest = ({ x }: Pick<AttackRows, "x">, { classifier, key }: StepTools) => {
    const { logits, classes } = meanOf(drawsOf(classifier, samples, key));
    return { classes: tf.topk(logits(x), Math.min(candidates, classes)).indices }; // [n, k]
  };

  const step = ({ x, y, target, classes, point, total }: Linearised, { classifier, key }: StepTools) => {
    const draws = drawsOf(classifier, samples, key);
    const expected = meanOf(draws);
    // from one class to others, int32 [n] each; towards a target from whichever class is ahead of it here
    const [first, ...others] = (
      target === undefined
        ? tf.unstack(classes!, 1)
        : [strongestBut(target, point, expected), tf.cast(target, "int32")]
    ) as [tf.Tensor, ...tf.Tensor[]];
    const differences = differencesOf(expected, point, first, others);
    const { values, slopes } = differences; // [k, n], [k, n, d]
    const [k, n] = values.shape;
    const steepness = tf.reshape(ball.dual(tf.reshape(slopes, [k * n, -1])), [k, n]);
    const distances = tf.div(tf.abs(values), tf.add(steepness, TINY)); // [k, n]
    const nearest = tf.argMin(distances, 0); // [n]
    const { slope } = pick(differences, nearest);
    const width = classifier.bounds[1] - classifier.bounds[0];
    const length = tf.add(tf.min(distances, 0), nudge * width); // [n]
    const stride = tf.reshape(tf.mul(ball.steepest(slope), tf.expandDims(length, 1)), point.shape);
    const far = tf.add(total, stride);
    const next =
      overshootOf === "total"
        ? tf.add(x, tf.mul(1 + overshoot, far))
        : tf.add(point, tf.mul(1 + overshoot, stride));
    const done = mostly(draws, ({ logits }) => fooled(logits(point), { y, target }));
    return {
      point: choose(done, point, clip(next, classifier.bounds)),
      total: choose(done, total, far),
      done,
    };
  };

  return {
    name: `deepfool-${norm}`,
    norm,
    kind: "minimum-norm",
    targeted: true,
    samples,
    steps,
    async perturb({ x, y, target, steps, key }, tools) {
      const classes = target === undefined ? tools.run(likeliest, { x }, key).classes : undefined;
      const state = { point: x, total: tools.track(tf.zerosLike(x)) };
      const end = await iterate(tools, { step, given: { x, y, target, classes }, state, steps, key });
      return end.point;
    },
  };
}

/** What a step reads. */
interface Linearised extends Pick<AttackRows, "x" | "y" | "target"> {
  /** The classes considered, int32 `[n, k]`; the first is the image's own. Absent where there is a target. */
  readonly classes?: tf.Tensor | undefined;
  /** Where the way has led, `[n, ...]` */
  readonly point: tf.Tensor;
  /** The whole way from the image, `[n, ...]` */
  readonly total: tf.Tensor;
}

/** How a scenario names it: `{ use: deepfool, norm: linf }`. */
export default component(Attacks, {
  name: "deepfool",
  summary: "Steps to the nearest boundary of the linearised classifier; minimises the distance",
  reference: "Moosavi-Dezfooli et al., CVPR 2016, arXiv:1511.04599",
  options,
  create: deepfool,
});
