/**
 * DeepFool: to the nearest of the boundaries that the classifier would have if it were linear, again and again.
 * S.-M. Moosavi-Dezfooli, A. Fawzi, P. Frossard, "DeepFool: a simple and accurate method to fool deep neural networks",
 * CVPR 2016, Algorithm 2 (ℓ2) and Sec. 3.3, Eqs. (10) to (12) (ℓ∞).
 *
 * @module
 */
import {
  type Attack,
  Attacks,
  type Classifier,
  compileStep,
  component,
  type Norm,
  tf,
  z,
} from "../../../core/mod.ts";
import { ballOf, clip } from "../parts/ball.ts";
import { differencesOf, pick } from "../parts/differences.ts";
import { fooled } from "../parts/loss.ts";
import { march } from "../parts/march.ts";
import { choose } from "../parts/rows.ts";
import { requireNoTarget } from "../parts/targets.ts";

/** Options of {@link deepfool}. */
export interface DeepfoolOptions {
  readonly norm: Norm;
  /** Steps at most, > 0; 50 in the authors' code. */
  readonly steps: number;
  /** Classes considered, the likeliest of the clean image, its own among them, ≥ 2; 10 in the authors' code. */
  readonly candidates: number;
  /** How far beyond the boundary, as a share of the way there, ≥ 0; 0.02 in the paper. */
  readonly overshoot: number;
  /** `total`: on the way from the image, as in the paper; `step`: on each step, as foolbox 1 did. */
  readonly overshootOf: "total" | "step";
  /** Added to the length of each step, as a share of the bounds' width, ≥ 0: carries it over a boundary it meets. */
  readonly nudge: number;
}

/** A slope as short as this counts as none. */
const TINY = 1e-8;

/** Seeks the nearest example by itself. */
export function deepfool(options: DeepfoolOptions): Attack {
  const { norm, steps } = options;
  const name = `deepfool-${norm}`;
  return {
    name,
    norm,
    kind: "minimum-norm",
    access: "white-box",
    aims: false,
    shortened: (share) => deepfool({ ...options, steps: Math.max(1, Math.round(share * steps)) }),
    against(classifier) {
      const rank = compileStep<"x", "classes">(`${name}'s candidates`, ({ x }) => ({
        classes: tf.topk(classifier.logits(x), Math.min(options.candidates, classifier.classes)).indices, // [n, k]
      }));
      const step = deepfoolStep(name, classifier, options);
      return {
        async perturb({ x, y, target }, key, signal) {
          requireNoTarget(name, target);
          const n = x.shape[0]!;
          const { classes } = rank.run({ x }, key);
          const given = { x, y, classes };
          const state = {
            at: x.clone(),
            total: tf.zerosLike(x),
            done: tf.zeros([n]),
            queries: tf.ones([n]),
          };
          try {
            const end = await march({ step, given, state, steps, key, signal });
            tf.dispose([end.done, end.total]);
            return { x: end.at, queries: end.queries as tf.Tensor1D };
          } finally {
            classes.dispose();
          }
        },
        dispose() {
          rank.dispose();
          step.dispose();
        },
      };
    },
  };
}

function deepfoolStep(name: string, classifier: Classifier, options: DeepfoolOptions) {
  const { norm, overshoot, overshootOf } = options;
  const ball = ballOf(norm);
  const nudge = options.nudge * (classifier.bounds[1] - classifier.bounds[0]);
  return compileStep<string, "at" | "total" | "done" | "queries">(
    name,
    ({ x, y, classes, at, total, done, queries }) => {
      const [own, ...others] = tf.unstack(classes!, 1) as [tf.Tensor, ...tf.Tensor[]]; // int32 [n] each
      const differences = differencesOf(classifier, at!, own, others);
      const stop = tf.maximum(done!, tf.cast(fooled(differences.logits, { y: y! }), "float32"));
      const { values, slopes } = differences; // [k, n], [k, n, d]
      const steepness = norm === "linf" ? tf.sum(tf.abs(slopes), 2) : tf.sqrt(tf.sum(tf.square(slopes), 2));
      const distances = tf.div(tf.abs(values), tf.add(steepness, TINY)); // [k, n]
      const nearest = tf.argMin(distances, 0); // [n]
      const { slope } = pick(differences, nearest);
      const length = tf.add(tf.min(distances, 0), nudge); // [n]
      const stride = tf.reshape(tf.mul(ball.steepest(slope), tf.expandDims(length, 1)), at!.shape);
      const far = tf.add(total!, stride);
      const next =
        overshootOf === "total"
          ? tf.add(x!, tf.mul(1 + overshoot, far))
          : tf.add(at!, tf.mul(1 + overshoot, stride));
      return {
        at: choose(stop, at!, clip(next, classifier.bounds)),
        total: choose(stop, total!, far),
        done: stop,
        queries: tf.add(queries!, tf.sub(1, done!)),
      };
    },
  );
}

/** How a scenario names it: `{ use: deepfool, norm: linf }`. */
const deepfoolComponent = component(Attacks, {
  name: "deepfool",
  summary: "Steps to the nearest boundary of the linearised classifier; seeks the least distance",
  reference: "Moosavi-Dezfooli et al., CVPR 2016, arXiv:1511.04599",
  options: () =>
    z.strictObject({
      norm: z.enum(["linf", "l2"]).default("l2").describe("Norm of the distance."),
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
        .describe("Of the whole way from the image, as in the paper, or of each step."),
      nudge: z
        .number()
        .min(0)
        .default(1e-4)
        .describe("Added to the length of each step, as a share of the bounds' width."),
    }),
  create: deepfool,
});

export default deepfoolComponent;
