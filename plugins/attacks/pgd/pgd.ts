/**
 * Projected gradient descent: steps along the slope of a loss, each projected back into the budget and the bounds.
 * A. Madry, A. Makelov, L. Schmidt, D. Tsipras, A. Vladu, "Towards Deep Learning Models Resistant to Adversarial
 * Attacks", ICLR 2018, Sec. 2.1. Without a random start it is BIM: A. Kurakin, I. Goodfellow, S. Bengio, "Adversarial
 * examples in the physical world", ICLR 2017 Workshop, Sec. 2.2.
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
import { fooled, LOSSES, type LossName, lossOf, slopeOf } from "../parts/loss.ts";
import { march } from "../parts/march.ts";
import { choose, spread } from "../parts/rows.ts";
import { byTurns, type Turn } from "../parts/turns.ts";

/** Options of {@link pgd}. */
export interface PgdOptions {
  readonly norm: Norm;
  /** Gradient steps, > 0. */
  readonly steps: number;
  /** Length of a step as a share of the budget, > 0. */
  readonly relativeStep: number;
  /** Length of a step in the norm's own units, > 0; comes before `relativeStep` where it is given. */
  readonly step?: number | undefined;
  /** Whether to begin at a random point of the budget rather than at the image. */
  readonly randomStart: boolean;
  /** Times that images still unfooled are tried anew; only with a random start does that make sense. */
  readonly restarts: number;
  /** Whether an image takes no more steps once it fools the classifier. */
  readonly earlyStop: boolean;
  readonly loss: LossName;
}

/** x ← clip(x₀ + Π(x + step·direction(∇loss) − x₀)), in the order that foolbox has. */
export function pgd(options: PgdOptions, name: string = nameOf("pgd", options)): Attack {
  const { norm, steps, restarts, randomStart } = options;
  const ball = ballOf(norm);
  return {
    name,
    norm,
    kind: "within-budget",
    access: "white-box",
    aims: true,
    shortened: (share) => pgd({ ...options, steps: Math.max(1, Math.round(share * steps)) }, name),
    against(classifier) {
      lossOf(options.loss, classifier, false);
      const step = pgdStep(name, classifier, options);
      const start = compileStep<"x" | "epsilon", "at">(`${name}'s start`, ({ x, epsilon }, key) => {
        const delta = tf.mul(ball.inside(x.shape, key), spread(epsilon, x));
        return { at: clip(tf.add(x, delta), classifier.bounds) };
      });
      const turn: Turn = async ({ x, y, target }, epsilon, key, signal) => {
        const n = x.shape[0]!;
        const at = randomStart ? start.run({ x, epsilon }, key.fold("start")).at : x.clone();
        const state = { at, done: tf.zeros([n]), queries: tf.zeros([n]) };
        const given = { x, y, epsilon, ...(target && { target }) };
        const end = await march({ step, given, state, steps, key, signal });
        end.done.dispose();
        return { x: end.at, queries: end.queries as tf.Tensor1D };
      };
      const dispose = (): void => {
        step.dispose();
        start.dispose();
      };
      return restarts === 1
        ? { perturb: turn, dispose }
        : byTurns(name, classifier, ball.length, Array(restarts).fill(turn), dispose);
    },
  };
}

/** `pgd-linf`; `pgd-margin-linf` where it climbs another loss than the usual. */
function nameOf(of: string, { norm, loss }: PgdOptions): string {
  return loss === "cross-entropy" ? `${of}-${norm}` : `${of}-${loss}-${norm}`;
}

function pgdStep(name: string, classifier: Classifier, options: PgdOptions) {
  const { norm, relativeStep, step: absoluteStep, earlyStop, loss } = options;
  const ball = ballOf(norm);
  return compileStep<string, "at" | "done" | "queries">(
    name,
    ({ x, y, target, epsilon, at, done, queries }) => {
      const aim = { y: y!, target };
      const climbed = lossOf(loss, classifier, target !== undefined);
      const { logits, gradient } = slopeOf(classifier, at!, (z) => climbed(z, aim));
      const stop = earlyStop ? tf.maximum(done!, tf.cast(fooled(logits, aim), "float32")) : done!; // [n]
      const length =
        absoluteStep === undefined ? tf.mul(relativeStep, epsilon!) : tf.onesLike(epsilon!).mul(absoluteStep); // [n]
      const moved = tf.add(at!, tf.mul(ball.steepest(gradient), spread(length, at!))); // [n, ...]
      const next = clip(tf.add(x!, ball.project(tf.sub(moved, x!), epsilon!)), classifier.bounds);
      return {
        at: choose(stop, at!, next),
        done: stop,
        queries: tf.add(queries!, tf.sub(1, done!)),
      };
    },
  );
}

/** Options that PGD and its presets share, with their defaults. */
function pgdShape(defaults: Pick<PgdOptions, "steps" | "relativeStep" | "randomStart">) {
  return {
    norm: z.enum(["linf", "l2"]).default("linf").describe("Norm of the budget."),
    steps: z.int().positive().default(defaults.steps).describe("Gradient steps."),
    relativeStep: z
      .number()
      .positive()
      .default(defaults.relativeStep)
      .describe("Length of a step as a share of the budget."),
    step: z
      .number()
      .positive()
      .optional()
      .describe("Length of a step in units of the norm; comes before relativeStep where given."),
    randomStart: z
      .boolean()
      .default(defaults.randomStart)
      .describe("Begins at a random point of the budget rather than at the image."),
    restarts: z
      .int()
      .positive()
      .default(1)
      .describe("Tries in all; each takes on the images that those before it left unfooled."),
    earlyStop: z
      .boolean()
      .default(true)
      .describe("An image takes no more steps once it fools the classifier."),
    loss: z.enum(LOSSES).default("cross-entropy").describe("What is climbed."),
  };
}

/** How a scenario names it: `{ use: pgd, norm: l2, steps: 50 }`. */
const pgdComponent = component(Attacks, {
  name: "pgd",
  summary: "Projected gradient descent within a budget",
  reference: "Madry et al., ICLR 2018, arXiv:1706.06083",
  options: () => z.strictObject(pgdShape({ steps: 40, relativeStep: 1 / 30, randomStart: true })),
  create: (options) => pgd(options),
});

/** How a scenario names it: `bim`. */
const bimComponent = component(Attacks, {
  name: "bim",
  summary: "Basic iterative method: PGD from the image itself, ten steps of a fifth of the budget",
  reference: "Kurakin et al., ICLR 2017 Workshop, arXiv:1607.02533",
  options: () => z.strictObject(pgdShape({ steps: 10, relativeStep: 0.2, randomStart: false })),
  create: (options) => pgd(options, nameOf("bim", options)),
});

export default [pgdComponent, bimComponent];
