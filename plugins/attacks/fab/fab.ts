/**
 * FAB, the fast adaptive boundary attack: like DeepFool it steps to boundaries of the linearised classifier, but within
 * the bounds, drawn towards the image, and again and again from just inside what it found.
 * F. Croce, M. Hein, "Minimally distorted Adversarial Examples with a Fast Adaptive Boundary Attack", ICML 2020,
 * Algorithm 1.
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
  widest,
  z,
} from "../../../core/mod.ts";
import { type BallNorm, ballOf, clip } from "../parts/ball.ts";
import { differencesOf, pick } from "../parts/differences.ts";
import { drawsOf, meanOf, mostly } from "../parts/expectation.ts";
import { toHyperplane } from "../parts/hyperplane.ts";
import { iterate } from "../parts/iterate.ts";
import { fooled } from "../parts/losses.ts";
import { anyNormOption, samplesOption } from "../parts/options.ts";
import { choose, flat, spread } from "../parts/rows.ts";
import { strongestBut, wrongClass } from "../parts/targets.ts";

const options = z.strictObject({
  norm: anyNormOption("distance"),
  steps: z.int().positive().default(100).describe("Steps for each target."),
  targets: z
    .int()
    .min(0)
    .default(0)
    .describe(
      "Likeliest wrong classes aimed at one after the other; 0 takes the nearest of all in each step. 9 in FAB-T.",
    ),
  restarts: z
    .int()
    .positive()
    .default(1)
    .describe(
      "Tries for each target; those after the first begin at a random point, half as far as the example or the budget.",
    ),
  samples: samplesOption(),
});

/** Options of {@link fab}. */
export type FabOptions = z.input<typeof options>;

/** α_max: how strongly a step is drawn towards the image. */
const DRAW = 0.1;

/** η: how far beyond a boundary a step goes, as a factor. */
const EXTRAPOLATION = 1.05;

/** β: how much of the way to an example is kept when the search goes on from inside of it. */
const BACK = 0.9;

/** Lengths and slopes below this count as none. */
const SHORT = 1e-8;
const TINY = 1e-12;

/** Farther than any image. */
const NOWHERE = 1e10;

/** Looks for the nearest example. */
export function fab(given: FabOptions = {}): Attack {
  const { norm, steps, targets, restarts, samples } = parseOptions("fab", options, given);
  const step = fabStep(norm, samples);
  const start = starting(norm);
  return {
    name: `fab${targets > 0 ? "-targeted" : ""}-${norm}`,
    norm,
    kind: "minimum-norm",
    targeted: true,
    samples,
    steps,
    async perturb({ x, y, target, epsilon, steps, key }, tools) {
      const n = x.shape[0]!;
      const ranks = target === undefined ? Math.min(targets, tools.classifier.classes - 1) : 1;
      const tries = Array.from({ length: Math.max(1, ranks) }, (_, rank) =>
        Array.from({ length: restarts }, (_, restart) => ({ rank, restart })),
      ).flat();
      let state: State = { point: x, best: x, length: tools.track(tf.fill([n], NOWHERE)) };
      for (const { rank, restart } of tries) {
        const from = restart === 0 ? key.fold("target", rank) : key.fold("target", rank, "restart", restart);
        const toward = targets === 0 || target !== undefined ? undefined : wrongClass({ x, y }, rank, tools);
        const given = { x, y, target, toward };
        const point =
          restart === 0
            ? x
            : tools.run(start, { x, epsilon, length: state.length }, from.fold("start")).point;
        state = await iterate(tools, { step, given, state: { ...state, point }, steps, key: from });
      }
      return state.best;
    },
  };
}

/** What changes from step to step. */
interface State {
  /** Where the way has led, `[n, ...]` */
  readonly point: tf.Tensor;
  /** The nearest example so far, `[n, ...]` */
  readonly best: tf.Tensor;
  /** Its distance, `[n]` */
  readonly length: tf.Tensor;
}

/** What a step reads. */
interface Linearised extends State, Pick<AttackRows, "x" | "y" | "target"> {
  /** The class whose boundary to go to, int32 `[n]`; where absent, that of the nearest. */
  readonly toward?: tf.Tensor | undefined;
}

/** A random point half as far as the nearest example so far, or as the budget where that is less. */
function starting(norm: BallNorm) {
  const ball = ballOf(norm);
  type Inputs = Pick<AttackRows, "x" | "epsilon"> & Pick<State, "length">;
  return ({ x, epsilon, length }: Inputs, { classifier, key }: StepTools) => {
    const most = tf.minimum(tf.minimum(length, epsilon), widest(norm, classifier));
    const delta = tf.mul(ball.surface(x.shape, key), spread(tf.mul(0.5, most), x));
    return { point: clip(tf.add(x, delta), classifier.bounds) };
  };
}

/** Lines 5 to 12 of Algorithm 1. */
function fabStep(norm: BallNorm, samples: number) {
  const ball = ballOf(norm);
  return (
    { x, y, target, toward, point, best, length }: Linearised,
    { classifier, key }: StepTools,
  ): State => {
    const draws = drawsOf(classifier, samples, key);
    const expected = meanOf(draws);
    // the boundary that would be the nearest if the classifier were linear
    const aimed = target ?? toward;
    // towards a target from whichever class is ahead of it here
    const from = target === undefined ? tf.cast(y, "int32") : strongestBut(target, point, expected);
    const others =
      aimed === undefined
        ? Array.from({ length: classifier.classes - 1 }, (_, i) =>
            tf.mod(tf.add(from, tf.scalar(i + 1, "int32")), tf.scalar(classifier.classes, "int32")),
          )
        : [aimed];
    const differences = differencesOf(expected, point, from, others);
    const { values, slopes } = differences; // [k, n], [k, n, d]
    const [k, n] = values.shape;
    const steepness = tf.reshape(ball.dual(tf.reshape(slopes, [k * n, -1])), [k, n]);
    const nearest = tf.argMin(tf.div(tf.abs(values), tf.add(steepness, TINY)), 0); // [n]
    const { value, slope: w } = pick(differences, nearest); // [n], [n, d]

    // its nearest points from here and from the image
    const [here, image] = [flat(point), flat(x)];
    const fromImage = tf.neg(tf.add(value, tf.sum(tf.mul(w, tf.sub(image, here)), 1)));
    const deltas = toHyperplane(
      norm,
      tf.concat([here, image]),
      tf.concat([w, w]),
      tf.concat([tf.neg(value), fromImage]),
      classifier.bounds,
    );
    const lengths = tf.maximum(ball.length(deltas), SHORT);
    const [delta, deltaOfImage] = tf.split(deltas, 2) as [tf.Tensor, tf.Tensor];
    const [a, b] = tf.split(lengths, 2) as [tf.Tensor, tf.Tensor];
    const draw = tf.expandDims(tf.minimum(tf.div(a, tf.add(a, b)), DRAW), 1); // α, [n, 1]
    const stepped = tf.add(here, tf.mul(EXTRAPOLATION, delta));
    const direct = tf.add(image, tf.mul(EXTRAPOLATION, deltaOfImage));
    const mixed = tf.add(tf.mul(tf.sub(1, draw), stepped), tf.mul(draw, direct));
    const next = clip(tf.reshape(mixed, x.shape), classifier.bounds);

    const good = mostly(draws, ({ logits }) => fooled(logits(next), { y, target }));
    const away = ball.length(tf.sub(next, x));
    const nearer = tf.logicalAnd(good, tf.less(away, length));
    const inside = tf.add(x, tf.mul(BACK, tf.sub(next, x)));
    return {
      point: choose(good, inside, next),
      best: choose(nearer, next, best),
      length: choose(nearer, away, length),
    };
  };
}

/** How a scenario names it: `{ use: fab, targets: 9 }`. */
export default component(Attacks, {
  name: "fab",
  summary: "Fast adaptive boundary attack; minimises the distance (FAB, FAB-T)",
  reference: "Croce & Hein, ICML 2020, arXiv:1907.02044",
  options,
  create: fab,
});
