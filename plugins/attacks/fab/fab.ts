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
import { toHyperplane } from "../parts/hyperplane.ts";
import { fooled } from "../parts/loss.ts";
import { march } from "../parts/march.ts";
import { choose, flat } from "../parts/rows.ts";
import { requireNoTarget, targetsOf } from "../parts/targets.ts";

/** Options of {@link fab}. */
export interface FabOptions {
  readonly norm: Norm;
  /** Steps for each target, > 0; 100 in the paper. */
  readonly steps: number;
  /** Likeliest wrong classes aimed at one after the other; 0: the nearest of all classes in each step. 9 in FAB-T. */
  readonly targets: number;
}

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

/** Seeks the nearest example by itself. */
export function fab(options: FabOptions): Attack {
  const { norm, steps, targets } = options;
  const name = `fab${targets > 0 ? "-targeted" : ""}-${norm}`;
  return {
    name,
    norm,
    kind: "minimum-norm",
    access: "white-box",
    aims: false,
    shortened: (share) => fab({ ...options, steps: Math.max(1, Math.round(share * steps)) }),
    against(classifier) {
      const step = fabStep(name, classifier, options);
      const aims = targetsOf(name, classifier);
      const count = Math.max(1, Math.min(targets, classifier.classes - 1));
      return {
        async perturb({ x, y, target }, key, signal) {
          requireNoTarget(name, target);
          const n = x.shape[0]!;
          let state = {
            at: x.clone(),
            best: x.clone(),
            length: tf.fill([n], NOWHERE),
            done: tf.zeros([n]),
            queries: tf.zeros([n]),
          };
          for (let rank = 0; rank < count; rank++) {
            const toward = targets === 0 ? undefined : aims.ranked({ x, y }, rank);
            const given = { x, y, ...(toward && { toward }) };
            try {
              const end = await march({ step, given, state, steps, key: key.fold("target", rank), signal });
              end.at.dispose();
              state = { ...end, at: x.clone() } as typeof state;
            } finally {
              toward?.dispose();
            }
          }
          tf.dispose([state.at, state.length, state.done]);
          return { x: state.best, queries: state.queries as tf.Tensor1D };
        },
        dispose() {
          step.dispose();
          aims.dispose();
        },
      };
    },
  };
}

function fabStep(name: string, classifier: Classifier, { norm }: FabOptions) {
  const ball = ballOf(norm);
  return compileStep<string, "at" | "best" | "length" | "done" | "queries">(
    name,
    ({ x, y, toward, at, best, length, done, queries }) => {
      const n = x!.shape[0]!;
      // the boundary that would be the nearest if the classifier were linear
      const own = tf.cast(y!, "int32");
      const others =
        toward === undefined
          ? Array.from({ length: classifier.classes - 1 }, (_, i) =>
              tf.mod(tf.add(own, tf.scalar(i + 1, "int32")), tf.scalar(classifier.classes, "int32")),
            )
          : [toward];
      const differences = differencesOf(classifier, at!, own, others);
      const { values, slopes } = differences; // [k, n], [k, n, d]
      const steepness = norm === "linf" ? tf.sum(tf.abs(slopes), 2) : tf.sqrt(tf.sum(tf.square(slopes), 2));
      const nearest = tf.argMin(tf.div(tf.abs(values), tf.add(steepness, TINY)), 0); // [n]
      const { value, slope: w } = pick(differences, nearest); // [n], [n, d]

      // its nearest points from here and from the image
      const [here, image] = [flat(at!), flat(x!)];
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
      const next = clip(tf.reshape(mixed, x!.shape), classifier.bounds);

      const good = fooled(classifier.logits(next), { y: y! });
      const away = ball.length(tf.sub(next, x!));
      const nearer = tf.logicalAnd(good, tf.less(away, length!));
      const inside = tf.add(x!, tf.mul(BACK, tf.sub(next, x!)));
      return {
        at: choose(good, inside, next),
        best: choose(nearer, next, best!),
        length: choose(nearer, away, length!),
        done: done!,
        queries: tf.add(queries!, tf.fill([n], 2)),
      };
    },
  );
}

/** How a scenario names it: `{ use: fab, targets: 9 }`. */
const fabComponent = component(Attacks, {
  name: "fab",
  summary: "Fast adaptive boundary attack; seeks the least distance (FAB, FAB-T)",
  reference: "Croce & Hein, ICML 2020, arXiv:1907.02044",
  options: () =>
    z.strictObject({
      norm: z.enum(["linf", "l2"]).default("linf").describe("Norm of the distance."),
      steps: z.int().positive().default(100).describe("Steps for each target."),
      targets: z
        .int()
        .min(0)
        .default(0)
        .describe(
          "Likeliest wrong classes aimed at one after the other; 0 takes the nearest of all. 9 in FAB-T.",
        ),
    }),
  create: fab,
});

export default fabComponent;
