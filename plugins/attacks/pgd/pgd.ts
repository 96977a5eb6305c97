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
  type AttackRows,
  Attacks,
  budgetOption,
  component,
  type Perturb,
  parseOptions,
  type StepTools,
  tf,
  z,
} from "../../../core/mod.ts";
import { ballOf, clip } from "../parts/ball.ts";
import { cascade } from "../parts/cascade.ts";
import { expectedSlope } from "../parts/expectation.ts";
import { iterate } from "../parts/iterate.ts";
import { lossOf } from "../parts/losses.ts";
import { lossOption, normOption, samplesOption } from "../parts/options.ts";
import { choose, spread } from "../parts/rows.ts";

/** Options of PGD and its presets, which differ in their defaults. */
const optionsWith = (usual: { steps: number; relativeStep: number; randomStart: boolean }) =>
  z.strictObject({
    norm: normOption("budget"),
    steps: z.int().positive().default(usual.steps).describe("Gradient steps."),
    relativeStep: z
      .number()
      .positive()
      .default(usual.relativeStep)
      .describe("Length of a step as a share of the budget."),
    step: budgetOption({ positive: true })
      .optional()
      .describe("Length of a step in units of the norm; comes before `relativeStep` where given."),
    randomStart: z
      .boolean()
      .default(usual.randomStart)
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
    loss: lossOption(),
    samples: samplesOption(),
  });

const pgdOptions = optionsWith({ steps: 40, relativeStep: 1 / 30, randomStart: true });
const bimOptions = optionsWith({ steps: 10, relativeStep: 0.2, randomStart: false });

/** Options of {@link pgd}. */
export type PgdOptions = z.input<typeof pgdOptions>;

/** Options of {@link bim}. */
export type BimOptions = z.input<typeof bimOptions>;

/** Options of {@link projected}. */
type Options = z.output<typeof pgdOptions>;

/** Projected gradient descent, forty steps from a random point of the budget. */
export function pgd(given: PgdOptions = {}): Attack {
  const options = parseOptions("pgd", pgdOptions, given);
  return projected(nameOf("pgd", options), options);
}

/** The basic iterative method: ten steps of a fifth of the budget from the image itself. */
export function bim(given: BimOptions = {}): Attack {
  const options = parseOptions("bim", bimOptions, given);
  return projected(nameOf("bim", options), options);
}

/** x ← clip(x₀ + Π(x + step·direction(∇loss) − x₀)), in the order that foolbox has. */
export function projected(name: string, options: Options): Attack {
  const {
    norm,
    steps,
    restarts,
    randomStart,
    relativeStep,
    step: absoluteStep,
    earlyStop,
    loss,
    samples,
  } = options;
  const ball = ballOf(norm);

  const start = ({ x, epsilon }: Pick<AttackRows, "x" | "epsilon">, { classifier, key }: StepTools) => {
    const delta = tf.mul(ball.inside(x.shape, key), spread(epsilon, x));
    return { point: clip(tf.add(x, delta), classifier.bounds) };
  };

  const climb = ({ x, y, target, epsilon, point }: Climb, { classifier, key }: StepTools) => {
    const aim = { y, target };
    const climbed = { loss: lossOf(loss, classifier, target !== undefined), toward: aim, aim, samples, key };
    const { gradient, done } = expectedSlope(classifier, point, climbed);
    const length =
      absoluteStep === undefined ? tf.mul(relativeStep, epsilon) : tf.onesLike(epsilon).mul(absoluteStep); // [n]
    const moved = tf.add(point, tf.mul(ball.steepest(gradient), spread(length, point))); // [n, ...]
    const next = clip(tf.add(x, ball.project(tf.sub(moved, x), epsilon)), classifier.bounds);
    if (!earlyStop) return { point: next };
    return { point: choose(done, point, next), done };
  };

  const once: Perturb = async ({ steps, key, ...rows }, tools) => {
    const { x, epsilon } = rows;
    const point = randomStart ? tools.run(start, { x, epsilon }, key.fold("start")).point : x;
    const end = await iterate(tools, { step: climb, given: rows, state: { point }, steps, key });
    return end.point;
  };

  return {
    name,
    norm,
    kind: "within-budget",
    targeted: true,
    samples,
    steps,
    check: (classifier) => void lossOf(loss, classifier, false),
    perturb: restarts === 1 ? once : cascade(norm, Array<Perturb>(restarts).fill(once)),
  };
}

/** What a step reads. */
interface Climb extends AttackRows {
  /** Where the climb is, `[n, ...]` */
  readonly point: tf.Tensor;
}

/** `pgd-linf`; `pgd-margin-linf` where it climbs another loss than the usual. */
export function nameOf(family: string, { norm, loss }: Pick<Options, "norm" | "loss">): string {
  return loss === "cross-entropy" ? `${family}-${norm}` : `${family}-${loss}-${norm}`;
}

/** How a scenario names it: `{ use: pgd, norm: l2, steps: 50 }`. */
const pgdComponent = component(Attacks, {
  name: "pgd",
  summary: "Projected gradient descent within a budget",
  reference: "Madry et al., ICLR 2018, arXiv:1706.06083",
  options: pgdOptions,
  create: pgd,
});

/** How a scenario names it: `bim`. */
const bimComponent = component(Attacks, {
  name: "bim",
  summary: "Basic iterative method: PGD from the image itself, ten steps of a fifth of the budget",
  reference: "Kurakin et al., ICLR 2017 Workshop, arXiv:1607.02533",
  options: bimOptions,
  create: bim,
});

export default [pgdComponent, bimComponent];
