/**
 * Sparse PGD: changes few pixels, as much as the bounds let it. It climbs in a change of the whole image and in a mask
 * beside it; the pixels where the mask is largest are those that change.
 * X. Zhong, Y. Huang, C. Liu, "Towards Efficient Training and Evaluation of Robust Models against ℓ0 Bounded Adversarial
 * Perturbations", ICML 2024, Algorithm 1.
 *
 * @module
 */
import {
  type Attack,
  type AttackRows,
  Attacks,
  channelsOf,
  component,
  type Perturb,
  parseOptions,
  type StepTools,
  tf,
  z,
} from "../../../core/mod.ts";
import { cascade } from "../parts/cascade.ts";
import { expectedSlope } from "../parts/expectation.ts";
import { iterate } from "../parts/iterate.ts";
import { lossOf } from "../parts/losses.ts";
import { lossOption, samplesOption } from "../parts/options.ts";
import { choose, spread } from "../parts/rows.ts";

const options = z.strictObject({
  steps: z.int().positive().default(300).describe("Gradient steps; 10 000 in the paper's evaluations."),
  step: z
    .number()
    .positive()
    .default(0.25)
    .describe("Length α of a pixel's step, as a share of the bounds' width."),
  maskStep: z
    .number()
    .positive()
    .default(0.25)
    .describe("Length β of the mask's step, in ℓ2, as a share of the root of the number of pixels."),
  slope: z
    .enum(["unprojected", "projected"])
    .default("unprojected")
    .describe(
      "Which pixels' changes follow their slopes in each step: all (`unprojected`), or those in the mask (`projected`). The " +
        "paper runs one after the other.",
    ),
  patience: z
    .int()
    .positive()
    .default(3)
    .describe("Steps in a row that leave the chosen pixels as they are, after which the mask is drawn anew."),
  restarts: z
    .int()
    .positive()
    .default(1)
    .describe("Tries in all; each takes on the images that those before it left unfooled."),
  loss: lossOption(),
  samples: samplesOption(),
});

/** Options of {@link sparsePgd}. */
export type SparsePgdOptions = z.input<typeof options>;

/** A slope as short as this counts as none. */
const TINY = 1e-10;

/** Within a number of pixels: an image `[height, width, channels]` has `height × width`; of another shape, each value is one. */
export function sparsePgd(given: SparsePgdOptions = {}): Attack {
  const settings = parseOptions("sparse-pgd", options, given);
  const { steps, slope, restarts, loss, samples } = settings;
  const { start, step } = climbing(settings);
  const once: Perturb = async ({ steps, key, ...rows }, tools) => {
    const { done, ...state } = tools.run(start, rows, key.fold("start"));
    const end = await iterate(tools, { step, given: rows, state, done, steps, key });
    return end.point;
  };
  const names = ["sparse-pgd", slope === "projected" && slope, loss !== "cross-entropy" && loss, "l0"];
  return {
    name: names.filter(Boolean).join("-"),
    norm: "l0",
    kind: "within-budget",
    targeted: true,
    samples,
    steps,
    check: (classifier) => void lossOf(loss, classifier, false),
    perturb: cascade("l0", Array<Perturb>(restarts).fill(once)),
  };
}

/** What changes from step to step; `P` pixels of `c` channels each. */
interface State {
  /** The example, `[n, ...]` */
  readonly point: tf.Tensor;
  /** How each pixel would change if it were chosen, `[n, P, c]`, and the slope of the loss along which that moves on. */
  readonly change: tf.Tensor;
  readonly changeSlope: tf.Tensor;
  /** Pixels change where it is largest, `[n, P]`; the slope of the loss in it. */
  readonly mask: tf.Tensor;
  readonly maskSlope: tf.Tensor;
  /** 1 for the pixels that change, `[n, P]` */
  readonly chosen: tf.Tensor;
  /** Steps in a row that chose the same, `[n]` */
  readonly same: tf.Tensor;
}

function climbing({ step: alpha, maskStep, slope, patience, loss, samples }: z.output<typeof options>) {
  /** The example of a change and a mask, and what the loss does there. */
  const at = (
    { x, y, target, epsilon }: AttackRows,
    change: tf.Tensor,
    mask: tf.Tensor,
    { classifier, key }: StepTools,
  ) => {
    const chosen = largest(mask, epsilon);
    const moved = tf.mul(change, tf.expandDims(chosen, 2));
    const point = tf.add(x, tf.reshape(moved, x.shape));
    const aim = { y, target };
    const climbed = { loss: lossOf(loss, classifier, target !== undefined), toward: aim, aim, samples, key };
    const { gradient, done } = expectedSlope(classifier, point, climbed);
    const each = tf.reshape(gradient, change.shape); // [n, P, c]
    const open = tf.sigmoid(mask);
    return {
      ...{ point, chosen, done: tf.cast(done, "float32") },
      changeSlope: slope === "projected" ? tf.mul(each, tf.expandDims(chosen, 2)) : each,
      maskSlope: tf.mul(tf.sum(tf.mul(each, change), 2), tf.mul(open, tf.sub(1, open))),
    };
  };

  const start = (rows: AttackRows, tools: StepTools): State & { done: tf.Tensor } => {
    const { classifier, key } = tools;
    const { x } = rows;
    const [n] = x.shape as [number, ...number[]];
    const pixels = tf.reshape(x, [n, -1, channelsOf(classifier.inputShape)]);
    const [low, high] = classifier.bounds;
    const drawn = key.fold("change").uniform(pixels.shape, low - high, high - low);
    const change = within(drawn, pixels, classifier.bounds);
    const mask = key.fold("mask").normal(pixels.shape.slice(0, 2));
    return { change, mask, same: tf.zeros([n]), ...at(rows, change, mask, tools) };
  };

  const step = (
    { point: _point, ...s }: AttackRows & State,
    tools: StepTools,
  ): State & { done: tf.Tensor } => {
    const { classifier, key } = tools;
    const pixels = tf.reshape(s.x, s.change.shape);
    const width = classifier.bounds[1] - classifier.bounds[0];
    const stride = tf.mul(alpha * width, tf.sign(s.changeSlope));
    const change = within(tf.add(s.change, stride), pixels, classifier.bounds);
    const steepness = tf.sqrt(tf.sum(tf.square(s.maskSlope), 1, true)); // [n, 1]
    const reach = maskStep * Math.sqrt(s.mask.shape[1]!);
    const way = tf.mul(reach, tf.div(s.maskSlope, tf.add(steepness, TINY)));
    const mask = tf.add(s.mask, tf.mul(way, tf.cast(tf.greater(steepness, 2 * TINY), "float32")));

    const { done, ...next } = at(s, change, mask, tools);
    const moved = tf.max(tf.abs(tf.sub(next.chosen, s.chosen)), 1); // [n]
    const same = tf.mul(tf.sub(1, moved), tf.add(s.same, 1));
    // where the mask is drawn anew, the next step goes nowhere but there
    const stuck = tf.mul(tf.cast(tf.greaterEqual(same, patience), "float32"), tf.sub(1, done));
    const going = tf.sub(1, stuck);
    return {
      ...{ ...next, change, done },
      mask: choose(stuck, key.fold("mask").normal(mask.shape), mask),
      changeSlope: tf.mul(next.changeSlope, spread(going, change)),
      maskSlope: tf.mul(next.maskSlope, spread(going, mask)),
      same: tf.mul(same, going),
    };
  };
  return { start, step };
}

/** A change that leaves no pixel beyond the bounds. */
function within(change: tf.Tensor, pixels: tf.Tensor, [low, high]: readonly [number, number]): tf.Tensor {
  return tf.minimum(tf.maximum(change, tf.sub(low, pixels)), tf.sub(high, pixels));
}

/** 1 for each row's largest values, as many as its count `[n]`, also where some are equal. */
function largest(values: tf.Tensor, count: tf.Tensor): tf.Tensor {
  const d = values.shape[1]!;
  const order = tf.topk(values, d).indices; // [n, d], from the largest on
  const place = tf.topk(tf.neg(tf.cast(order, "float32")), d).indices; // where each value stands in that order
  return tf.cast(tf.less(tf.cast(place, "float32"), tf.expandDims(tf.floor(count), 1)), "float32");
}

/** How a scenario names it: `{ use: sparse-pgd, steps: 1000 }`. */
export default component(Attacks, {
  name: "sparse-pgd",
  summary: "Sparse PGD: changes as few pixels as the budget says, each as far as the bounds let it",
  reference: "Zhong et al., ICML 2024, arXiv:2405.05075",
  options,
  create: sparsePgd,
});
