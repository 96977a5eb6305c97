/**
 * Carlini and Wagner's ℓ2 attack: Adam on distance and margin together, in variables that cannot leave the bounds.
 * N. Carlini, D. Wagner, "Towards Evaluating the Robustness of Neural Networks", IEEE S&P 2017, Sec. VI.A and V.B.
 *
 * @module
 */
import {
  type Attack,
  type AttackBatch,
  Attacks,
  component,
  parseOptions,
  type StepTools,
  tf,
  z,
} from "../../../core/mod.ts";
import { ballOf } from "../parts/ball.ts";
import { expectedSlope } from "../parts/expectation.ts";
import { iterate } from "../parts/iterate.ts";
import { fooled, margin } from "../parts/losses.ts";
import { samplesOption } from "../parts/options.ts";
import { choose, spread } from "../parts/rows.ts";

const options = z.strictObject({
  steps: z.int().positive().default(1000).describe("Adam's steps for each constant; 10 000 in the paper."),
  searches: z
    .int()
    .positive()
    .default(9)
    .describe("Constants tried for each image, by bisection; 20 in the paper, 9 in the authors' code."),
  learningRate: z.number().positive().default(0.01).describe("Adam's step size."),
  initialConstant: z.number().positive().default(1e-3).describe("The first weight c of the margin."),
  confidence: z.number().min(0).default(0).describe("Margin κ by which the wrong logit is to win."),
  samples: samplesOption(),
});

/** Options of {@link carliniWagner}. */
export type CarliniWagnerOptions = z.input<typeof options>;

/** Adam's own numbers. */
const [BETA1, BETA2, EPSILON] = [0.9, 0.999, 1e-8];

/** Keeps artanh finite at the bounds. */
const INSIDE = 1 - 1e-6;

/** Farther than any image, and larger than any c. */
const NOWHERE = 1e10;

/** c grows by this factor while it is too small. */
const GROWTH = 10;

/** Looks for the nearest example. */
export function carliniWagner(given: CarliniWagnerOptions = {}): Attack {
  const settings = parseOptions("carlini-wagner", options, given);
  const { steps, searches, learningRate, initialConstant, confidence, samples } = settings;
  const step = descent(confidence, samples);
  // Adam's corrections of its start, as in the optimiser `adam`
  const numbers = (t: number) => ({
    rate: learningRate / (1 - BETA1 ** (t + 1)),
    root: 1 / Math.sqrt(1 - BETA2 ** (t + 1)),
  });
  return {
    name: "carlini-wagner-l2",
    norm: "l2",
    kind: "minimum-norm",
    targeted: true,
    samples,
    steps,
    async perturb({ x, y, target, steps, key }, tools) {
      const filled = (value: number) => tools.track(tf.fill([x.shape[0]!], value));
      const { w } = tools.run(inverse, { x }, key);
      const zero = tools.track(tf.zerosLike(w));
      let search: Search = { c: filled(initialConstant), least: filled(0), most: filled(NOWHERE) };
      let best: Best = { best: x, length: filled(NOWHERE) };
      for (let i = 0; i < searches; i++) {
        const {
          best: nearest,
          length,
          found,
        } = await iterate(tools, {
          step,
          given: { x, y, target, c: search.c },
          state: { ...best, w, m: zero, v: zero, found: filled(0) },
          steps,
          numbers,
          key: key.fold("search", i),
        });
        best = { best: nearest, length };
        search = tools.run(bisect, { ...search, found }, key);
      }
      return best.best;
    },
  };
}

/** The nearest example so far. */
interface Best {
  /** `[n, ...]` */
  readonly best: tf.Tensor;
  /** Its distance, `[n]` */
  readonly length: tf.Tensor;
}

/** What Adam moves and remembers. */
interface State extends Best {
  /** The variable, and Adam's moments, `[n, ...]` each. */
  readonly w: tf.Tensor;
  readonly m: tf.Tensor;
  readonly v: tf.Tensor;
  /** Whether this constant has found an example, `[n]` */
  readonly found: tf.Tensor;
}

/** Each image's constant and its bracket, `[n]` each. */
interface Search {
  readonly c: tf.Tensor;
  readonly least: tf.Tensor;
  readonly most: tf.Tensor;
}

/** What a step reads. */
interface Descent extends State, Pick<Search, "c">, AttackBatch {
  /** Adam's step size and the factor of its second moment's root: scalars. */
  readonly rate: tf.Tensor;
  readonly root: tf.Tensor;
}

/** The w of an image. */
function inverse({ x }: Pick<AttackBatch, "x">, { classifier }: StepTools) {
  const [low, high] = classifier.bounds;
  const unit = tf.sub(tf.mul(2 / (high - low), tf.sub(x, low)), 1); // in [−1, 1]
  return { w: tf.atanh(tf.mul(INSIDE, unit)) };
}

/** One step of Adam on ‖x' − x‖² + c·max(κ − margin, 0), x' being the bounds' middle and half their width times tanh w. */
function descent(confidence: number, samples: number) {
  const ball = ballOf("l2");
  return (
    { x, y, target, c, w, m, v, best, length, found, rate, root }: Descent,
    { classifier, key }: StepTools,
  ): State => {
    const [low, high] = classifier.bounds;
    const half = (high - low) / 2;
    const aim = { y, target };
    const image = tf.add(low + half, tf.mul(half, tf.tanh(w))); // x'
    const lack = (logits: tf.Tensor2D): tf.Tensor1D => tf.relu(tf.sub(confidence, margin(logits, aim)));
    const short = expectedSlope(classifier, image, {
      ...{ loss: lack, toward: aim, aim, samples, key },
      succeeds: (logits) => tf.logicalAnd(fooled(logits, aim), tf.lessEqual(lack(logits), 0)),
    });
    const ofImage = tf.add(tf.mul(2, tf.sub(image, x)), tf.mul(spread(c, image), short.gradient)); // [n, ...]
    const slope = tf.mul(ofImage, tf.mul(half, tf.sub(1, tf.square(tf.tanh(w)))));

    const away = ball.length(tf.sub(image, x));
    const nearer = tf.logicalAnd(short.done, tf.less(away, length));
    const nextM = tf.add(tf.mul(BETA1, m), tf.mul(1 - BETA1, slope));
    const nextV = tf.add(tf.mul(BETA2, v), tf.mul(1 - BETA2, tf.square(slope)));
    const change = tf.div(tf.mul(rate, nextM), tf.add(tf.mul(root, tf.sqrt(nextV)), EPSILON));
    return {
      w: tf.sub(w, change),
      m: nextM,
      v: nextV,
      best: choose(nearer, image, best),
      length: choose(nearer, away, length),
      found: tf.maximum(found, tf.cast(short.done, "float32")),
    };
  };
}

/** The next c: between the largest that failed and the smallest that found an example, or larger where none has. */
function bisect({ c, least, most, found }: Search & Pick<State, "found">): Search {
  const nextMost = choose(found, tf.minimum(most, c), most);
  const nextLeast = choose(found, least, tf.maximum(least, c));
  const bounded = tf.less(nextMost, NOWHERE / 2);
  return {
    c: choose(bounded, tf.mul(0.5, tf.add(nextLeast, nextMost)), tf.mul(GROWTH, c)),
    least: nextLeast,
    most: nextMost,
  };
}

/** How a scenario names it: `{ use: carlini-wagner, steps: 1000 }`. */
export default component(Attacks, {
  name: "carlini-wagner",
  summary: "Carlini and Wagner's attack in ℓ2; minimises the distance, slowly",
  reference: "Carlini & Wagner, IEEE S&P 2017, arXiv:1608.04644",
  options,
  create: carliniWagner,
});
