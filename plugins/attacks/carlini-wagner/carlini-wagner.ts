/**
 * Carlini and Wagner's ℓ2 attack: Adam on distance and margin together, in variables that cannot leave the bounds.
 * N. Carlini, D. Wagner, "Towards Evaluating the Robustness of Neural Networks", IEEE S&P 2017, Sec. VI.A and V.B.
 *
 * @module
 */
import { type Attack, Attacks, type Classifier, compileStep, component, tf, z } from "../../../core/mod.ts";
import { ballOf } from "../parts/ball.ts";
import { fooled, margin, slopeOf } from "../parts/loss.ts";
import { march } from "../parts/march.ts";
import { choose, spread } from "../parts/rows.ts";

/** Options of {@link carliniWagner}. */
export interface CarliniWagnerOptions {
  /** Adam's steps for each constant c, > 0; 10 000 in the paper. */
  readonly steps: number;
  /** Constants c tried for each image by bisection, > 0; 20 in the paper, 9 in the authors' code. */
  readonly searches: number;
  /** Adam's step size, > 0; 0.01 in the paper. */
  readonly learningRate: number;
  /** The first c, > 0; 0.001 in the authors' code. */
  readonly initialConstant: number;
  /** κ: margin by which the wrong logit is to win, ≥ 0. */
  readonly confidence: number;
}

/** Adam's own numbers. */
const [BETA1, BETA2, EPSILON] = [0.9, 0.999, 1e-8];

/** Keeps artanh finite at the bounds. */
const INSIDE = 1 - 1e-6;

/** Farther than any image, and larger than any c. */
const NOWHERE = 1e10;

/** c grows by this factor while it is too small. */
const GROWTH = 10;

/** Seeks the nearest example by itself. */
export function carliniWagner(options: CarliniWagnerOptions): Attack {
  const { steps, searches, learningRate, initialConstant } = options;
  const name = "carlini-wagner-l2";
  return {
    name,
    norm: "l2",
    kind: "minimum-norm",
    access: "white-box",
    aims: true,
    shortened: (share) => carliniWagner({ ...options, steps: Math.max(1, Math.round(share * steps)) }),
    against(classifier) {
      const [low, high] = classifier.bounds;
      const step = descent(name, classifier, options);
      const begin = compileStep<"x", "w">(`${name}'s start`, ({ x }) => {
        const unit = tf.sub(tf.mul(2 / (high - low), tf.sub(x, low)), 1); // in [−1, 1]
        return { w: tf.atanh(tf.mul(INSIDE, unit)) };
      });
      const bisect = bisection(name);
      return {
        async perturb({ x, y, target }, key, signal) {
          const n = x.shape[0]!;
          const { w } = begin.run({ x }, key);
          let search = {
            c: tf.fill([n], initialConstant),
            least: tf.zeros([n]) as tf.Tensor,
            most: tf.fill([n], NOWHERE) as tf.Tensor,
          } as Readonly<Record<"c" | "least" | "most", tf.Tensor>>;
          let best: Readonly<Record<"best" | "length" | "queries", tf.Tensor>> = {
            best: x.clone(),
            length: tf.fill([n], NOWHERE),
            queries: tf.zeros([n]),
          };
          try {
            for (let i = 0; i < searches; i++) {
              const given = { x, y, c: search.c, ...(target && { target }) };
              const [m, v] = [tf.zerosLike(w), tf.zerosLike(w)];
              const state = { ...best, w: w.clone(), m, v, found: tf.zeros([n]), done: tf.zeros([n]) };
              const end = await march({
                step,
                given,
                state,
                steps,
                // Adam's corrections of its start, as in the optimiser `adam`
                numbers: (t) => ({
                  rate: learningRate / (1 - BETA1 ** (t + 1)),
                  root: 1 / Math.sqrt(1 - BETA2 ** (t + 1)),
                }),
                key: key.fold("search", i),
                signal,
              });
              const next = bisect.run({ ...search, found: end.found }, key);
              tf.dispose([search, end.w, end.m, end.v, end.found, end.done] as tf.TensorContainer);
              best = { best: end.best, length: end.length, queries: end.queries };
              search = next;
            }
            best.length.dispose();
            return { x: best.best, queries: best.queries as tf.Tensor1D };
          } finally {
            tf.dispose([w, search] as tf.TensorContainer);
          }
        },
        dispose() {
          step.dispose();
          begin.dispose();
          bisect.dispose();
        },
      };
    },
  };
}

/** One step of Adam on ‖x' − x‖² + c·max(κ − margin, 0), x' being the bounds' middle and half their width times tanh w. */
function descent(name: string, classifier: Classifier, { confidence }: CarliniWagnerOptions) {
  const ball = ballOf("l2");
  const [low, high] = classifier.bounds;
  const half = (high - low) / 2;
  const imageOf = (w: tf.Tensor): tf.Tensor => tf.add(low + half, tf.mul(half, tf.tanh(w)));
  return compileStep<string, "w" | "m" | "v" | "best" | "length" | "found" | "done" | "queries">(
    name,
    ({ x, y, target, c, w, m, v, best, length, found, done, queries, rate, root }) => {
      const aim = { y: y!, target };
      const at = imageOf(w!);
      const short = slopeOf(classifier, at, (logits) => tf.relu(tf.sub(confidence, margin(logits, aim))));
      const ofImage = tf.add(tf.mul(2, tf.sub(at, x!)), tf.mul(spread(c!, at), short.gradient)); // [n, ...]
      const slope = tf.mul(ofImage, tf.mul(half, tf.sub(1, tf.square(tf.tanh(w!)))));

      const away = ball.length(tf.sub(at, x!));
      const good = tf.logicalAnd(fooled(short.logits, aim), tf.lessEqual(short.loss, 0));
      const nearer = tf.logicalAnd(good, tf.less(away, length!));
      const nextM = tf.add(tf.mul(BETA1, m!), tf.mul(1 - BETA1, slope));
      const nextV = tf.add(tf.mul(BETA2, v!), tf.mul(1 - BETA2, tf.square(slope)));
      const change = tf.div(tf.mul(rate!, nextM), tf.add(tf.mul(root!, tf.sqrt(nextV)), EPSILON));
      return {
        w: tf.sub(w!, change),
        m: nextM,
        v: nextV,
        best: choose(nearer, at, best!),
        length: choose(nearer, away, length!),
        found: tf.maximum(found!, tf.cast(good, "float32")),
        done: done!,
        queries: tf.add(queries!, 1),
      };
    },
  );
}

/** The next c: between the largest that failed and the smallest that found an example, or larger where none has. */
function bisection(name: string) {
  return compileStep<string, "c" | "least" | "most">(`${name}'s bisection`, ({ c, least, most, found }) => {
    const nextMost = choose(found!, tf.minimum(most!, c!), most!);
    const nextLeast = choose(found!, least!, tf.maximum(least!, c!));
    const bounded = tf.less(nextMost, NOWHERE / 2);
    return {
      c: choose(bounded, tf.mul(0.5, tf.add(nextLeast, nextMost)), tf.mul(GROWTH, c!)),
      least: nextLeast,
      most: nextMost,
    };
  });
}

/** How a scenario names it: `{ use: carlini-wagner, steps: 1000 }`. */
const carliniWagnerComponent = component(Attacks, {
  name: "carlini-wagner",
  summary: "Carlini and Wagner's attack in ℓ2; seeks the least distance, slowly",
  reference: "Carlini & Wagner, IEEE S&P 2017, arXiv:1608.04644",
  options: () =>
    z.strictObject({
      steps: z.int().positive().default(1000).describe("Adam's steps for each constant; 10000 in the paper."),
      searches: z.int().positive().default(9).describe("Constants tried for each image, by bisection."),
      learningRate: z.number().positive().default(0.01).describe("Adam's step size."),
      initialConstant: z.number().positive().default(1e-3).describe("The first weight c of the margin."),
      confidence: z.number().min(0).default(0).describe("Margin by which the wrong logit is to win."),
    }),
  create: carliniWagner,
});

export default carliniWagnerComponent;
