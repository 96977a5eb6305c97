/**
 * The square attack: random squares at random places, kept where the margin shrinks. It asks for logits alone, so that
 * a gradient that is masked cannot mislead it.
 * M. Andriushchenko, F. Croce, N. Flammarion, M. Hein, "Square Attack: a query-efficient black-box adversarial attack
 * via random search", ECCV 2020, Algorithms 1 to 3.
 *
 * @module
 */
import {
  type Attack,
  type AttackRows,
  Attacks,
  type Classifier,
  component,
  InputError,
  type Key,
  type Norm,
  type Perturb,
  parseOptions,
  type Range,
  type StepTools,
  tf,
  z,
} from "../../../core/mod.ts";
import { type BallNorm, ballOf, clip } from "../parts/ball.ts";
import { cascade } from "../parts/cascade.ts";
import { drawsOf, meanOver, mostly } from "../parts/expectation.ts";
import { iterate } from "../parts/iterate.ts";
import { fooled, margin } from "../parts/losses.ts";
import { anyNormOption } from "../parts/options.ts";
import { choose, spread } from "../parts/rows.ts";
import { type BumpNorm, bump, tiles } from "./bump.ts";

const options = z.strictObject({
  norm: anyNormOption("budget"),
  queries: z
    .int()
    .min(2)
    .default(5000)
    .describe("Images put to the classifier for each one attacked, at most."),
  share: z
    .number()
    .positive()
    .max(1)
    .default(0.8)
    .describe("Share of the pixels that the first squares cover."),
  schedule: z
    .int()
    .positive()
    .optional()
    .describe(
      "Queries over which that share falls; by default all of them, or it would not fall to its end.",
    ),
  restarts: z.int().positive().default(1).describe("Tries in all, each on the images still unfooled."),
  samples: z
    .int()
    .positive()
    .default(1)
    .describe(
      "Draws of a randomised classifier that each margin and decision is averaged over; each is a query.",
    ),
});

/** Options of {@link square}. */
export type SquareOptions = z.input<typeof options>;

/** After how many of 10 000 of a schedule's queries the share is halved once more. */
const HALVINGS = [10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000];

/** Keeps quotients finite. */
const TINY = 1e-12;

/** Image size: rows, columns, channels. */
type Size = readonly [height: number, width: number, channels: number];

/** Within a budget; uses no gradients. */
export function square(given: SquareOptions = {}): Attack {
  const { norm, share, queries, schedule, restarts, samples } = parseOptions("square", options, given);
  const name = `square-${norm}`;
  const start = starting(norm, samples);
  const step = stepping(PROPOSALS[norm], samples);

  const once: Perturb = async ({ steps, key, ...rows }, tools) => {
    const most = Math.max(2, Math.floor(steps / samples)); // the first query is that of the start
    const size = sizeOfImage(tools.classifier);
    const shapes = new Map<number, tf.Tensor>(); // the bump of each side
    const shapeOf = (side: number): tf.Tensor => {
      const known =
        shapes.get(side) ??
        tools.track(tf.tensor2d(bump(side, Math.min(size[0], size[1]), norm as BumpNorm)));
      shapes.set(side, known);
      return known;
    };
    const numbers = (i: number) => {
      const side = sideAt(i / (schedule ?? most), share, norm, size);
      return { side, shape: norm === "linf" ? undefined : shapeOf(side) };
    };
    const { done, ...state } = tools.run(start, rows, key.fold("start"));
    const end = await iterate(tools, { step, given: rows, state, done, steps: most - 1, numbers, key });
    return end.point;
  };

  return {
    name,
    norm,
    kind: "within-budget",
    access: "black-box",
    targeted: true,
    samples,
    steps: queries,
    check: (classifier) => checkImageSize(name, classifier, norm),
    perturb: cascade(norm, Array<Perturb>(restarts).fill(once)),
  };
}

/** @throws InputError where the classifier's inputs are not images that squares fit into */
function checkImageSize(name: string, { inputShape, name: network }: Classifier, norm: Norm): void {
  const [height, width = 1] = inputShape;
  const image = inputShape.length === 2 || inputShape.length === 3;
  if (inputShape.length > 3 || (norm !== "linf" && !(image && Math.min(height!, width) >= 5))) {
    const wanted =
      norm !== "linf" ? "images of at least 5 x 5 pixels" : "rows, images or images with channels";
    throw new InputError(`${name} attacks ${wanted}, but classifier "${network}" takes [${inputShape}]`);
  }
}

function sizeOfImage({ inputShape: [height, width = 1, channels = 1] }: Classifier): Size {
  return [height!, width, channels];
}

/**
 * Side of a square: of rows alone where there are no columns.
 * @param spent share of the schedule before it
 */
function sideAt(spent: number, share: number, norm: Norm, [height, width]: Size): number {
  const of10000 = Math.floor(spent * 10_000);
  const halvings = HALVINGS.filter((after) => of10000 > after).length;
  const area = share * 2 ** -halvings * height * width;
  if (width === 1) return Math.min(height, Math.max(1, Math.round(area)));
  const side = Math.round(Math.sqrt(area));
  if (norm === "linf") return Math.min(height, width, Math.max(1, side));
  const odd = Math.max(3, side);
  return Math.min(height, width, odd + (odd % 2 === 0 ? 1 : 0));
}

/** What changes from step to step: the best image so far, `[n, ...]`, and its loss (the margin's negative), `[n]`. */
interface State {
  readonly point: tf.Tensor;
  readonly loss: tf.Tensor;
}

/** What a step reads. */
interface Proposal extends AttackRows, State {
  /** Side of the square: a scalar. */
  readonly side: tf.Tensor;
  /** l2 and l1: the bump of that side, in the upper left of `[width, width]` */
  readonly shape?: tf.Tensor | undefined;
}

/** 1 or −1 by chance. */
const signs = (key: Key, shape: readonly number[]): tf.Tensor =>
  tf.sub(tf.mul(2, tf.cast(tf.greater(key.uniform(shape), 0.5), "float32")), 1);

/** A square of its own for each image: offsets of all pixels from its corner, and 1 within it; `[n, h, w, 1]`. */
function window([height, width]: Size, side: tf.Tensor, key: Key, n: number) {
  const across = width === 1 ? tf.scalar(1) : side;
  const corner = (length: number, extent: tf.Tensor, axis: string): tf.Tensor => {
    const room = tf.add(tf.sub(length, extent), 1);
    const place = tf.floor(tf.mul(key.fold(axis).uniform([n]), room)); // may round up to `room`
    return tf.reshape(tf.minimum(place, tf.sub(room, 1)), [n, 1, 1, 1]);
  };
  const down = tf.sub(tf.reshape(tf.range(0, height), [1, height, 1, 1]), corner(height, side, "row"));
  const right = tf.sub(tf.reshape(tf.range(0, width), [1, 1, width, 1]), corner(width, across, "column"));
  const inside = (offset: tf.Tensor, extent: tf.Tensor): tf.Tensor =>
    tf.cast(tf.logicalAnd(tf.greaterEqual(offset, 0), tf.less(offset, extent)), "float32");
  return { down, right, mask: tf.mul(inside(down, side), inside(right, across)) };
}

/** From an image and the best so far, `[n, h, w, c]`, to one to try within the budget. */
type Propose = (
  x: tf.Tensor,
  best: tf.Tensor,
  inputs: Pick<Proposal, "epsilon" | "side" | "shape">,
  size: Size,
  tools: StepTools,
) => tf.Tensor;

/** Algorithm 2: each channel of the square moves to one end of the budget. */
const proposeLinf: Propose = (x, best, { epsilon, side }, size, { key }) => {
  const n = x.shape[0]!;
  const { mask } = window(size, side, key, n);
  const change = tf.mul(
    mask,
    tf.mul(2, tf.mul(spread(epsilon, x), signs(key.fold("signs"), [n, 1, 1, size[2]]))),
  );
  return tf.add(x, ballOf("linf").project(tf.sub(tf.add(best, change), x), epsilon));
};

/** What bumps need to know of a norm; changes are `[n, h, w, c]`. */
interface BumpBall {
  /** Length in each channel, `[n, 1, 1, c]` */
  length(change: tf.Tensor): tf.Tensor;
  /** Length to some power, such that parts add up, and back. */
  readonly power: number;
  /** Times what a channel may have: in ℓ1 the projection takes back what is too much. */
  excess(channels: number): number;
  /** A change within the budget, `[n]`, and the bounds around the image. */
  within(change: tf.Tensor, epsilon: tf.Tensor, around: tf.Tensor, bounds: Range): tf.Tensor;
}

/** Keeps ℓ1 projections within the budget whatever is rounded. */
const INSIDE = 1 - 1e-6;

const BUMP_BALLS: Readonly<Record<BumpNorm, BumpBall>> = {
  l2: {
    length: (change) => tf.sqrt(tf.sum(tf.square(change), [1, 2], true)),
    power: 2,
    excess: () => 1,
    within: (change, epsilon) => tf.mul(ballOf("l2").steepest(change), spread(epsilon, change)),
  },
  l1: {
    length: (change) => tf.sum(tf.abs(change), [1, 2], true),
    power: 1,
    excess: (channels) => channels,
    within: (change, epsilon, around, bounds) =>
      ballOf("l1").project(change, tf.mul(INSIDE, epsilon), { around, bounds }),
  },
};

/**
 * Algorithm 3: what budget there is in two squares gathers in the first, in the shape of a bump. In ℓ1 as in the code of
 * Croce and Hein, "Mind the box", ICML 2021.
 */
const proposeBump =
  (norm: BumpNorm): Propose =>
  (x, best, { epsilon, side, shape }, size, { classifier, key }) => {
    const { length, power, excess, within } = BUMP_BALLS[norm];
    const raised = (lengths: tf.Tensor): tf.Tensor => (power === 1 ? lengths : tf.square(lengths));
    const n = x.shape[0]!;
    const [, , channels] = size;
    const delta = tf.sub(best, x);
    const first = window(size, side, key.fold("first"), n);
    const second = window(size, side, key.fold("second"), n);
    const either = tf.maximum(first.mask, second.mask);
    const spent = tf.sum(raised(length(delta)), [1, 2, 3]); // [n]
    const share = tf.div(spread(tf.maximum(0, tf.sub(raised(epsilon), spent)), x), channels);
    const most = tf.add(share, raised(length(tf.mul(delta, either)))); // [n, 1, 1, c]
    const room = tf.mul(excess(channels), power === 1 ? most : tf.sqrt(most));
    // the bump, upright or lying, looked up by the offsets from the corner
    const upright = tf.cast(tf.greater(key.fold("turn").uniform([n, 1, 1, 1]), 0.5), "float32");
    const lying = tf.sub(1, upright);
    const row = tf.add(tf.mul(upright, first.down), tf.mul(lying, first.right));
    const column = tf.add(tf.mul(upright, first.right), tf.mul(lying, first.down));
    const width = shape!.shape[0]!;
    const place = tf.cast(tf.mul(first.mask, tf.add(tf.mul(row, width), column)), "int32"); // [n, h, w, 1]
    const looked = tf.mul(first.mask, tf.gather(tf.reshape(shape!, [-1]), place));
    const old = tf.mul(delta, first.mask);
    const grown = tf.add(
      tf.mul(looked, signs(key.fold("signs"), [n, 1, 1, channels])),
      tf.div(old, tf.add(length(old), TINY)),
    );
    const gathered = tf.mul(tf.div(grown, tf.add(length(grown), TINY)), room);
    const others = tf.mul(delta, tf.sub(1, either));
    return tf.add(x, within(tf.add(others, tf.mul(gathered, first.mask)), epsilon, x, classifier.bounds));
  };

const PROPOSALS: Readonly<Record<BallNorm, Propose>> = {
  linf: proposeLinf,
  l2: proposeBump("l2"),
  l1: proposeBump("l1"),
};

/** Stripes (ℓ∞) or a grid of bumps, each of a sign by chance. */
function starting(norm: BallNorm, samples: number) {
  return (rows: AttackRows, tools: StepTools) => {
    const { classifier, key } = tools;
    const size = sizeOfImage(classifier);
    const [height, width, channels] = size;
    const n = rows.x.shape[0]!;
    const x = tf.reshape(rows.x, [n, ...size]);
    const drawn = (down: number, across: number): tf.Tensor => signs(key, [n, down, across, channels]);
    const moved =
      norm === "linf"
        ? tf.mul(tf.add(tf.zeros([n, height, 1, 1]), drawn(1, width)), spread(rows.epsilon, x))
        : BUMP_BALLS[norm].within(tiles(size, norm, drawn), rows.epsilon, x, classifier.bounds);
    return judged(rows, clip(tf.add(x, moved), classifier.bounds), samples, tools);
  };
}

/** An image with its loss and whether that is enough, on average over draws. */
function judged(
  { x, y, target }: AttackRows,
  proposed: tf.Tensor,
  samples: number,
  { classifier, key }: StepTools,
) {
  const point = tf.reshape(proposed, x.shape);
  const aim = { y, target };
  const draws = drawsOf(classifier, samples, key.fold("judged"));
  const margins = meanOver(draws, ({ logits }) => margin(logits(point), aim));
  const done = mostly(draws, ({ logits }) => fooled(logits(point), aim));
  return { point, loss: tf.neg(margins) as tf.Tensor, done: tf.cast(done, "float32") };
}

function stepping(propose: Propose, samples: number) {
  return (inputs: Proposal, tools: StepTools): State & { done: tf.Tensor } => {
    const { classifier } = tools;
    const { x, point, loss } = inputs;
    const size = sizeOfImage(classifier);
    const images = (rows: tf.Tensor): tf.Tensor => tf.reshape(rows, [rows.shape[0]!, ...size]);
    const proposed = clip(propose(images(x), images(point), inputs, size, tools), classifier.bounds);
    const tried = judged(inputs, proposed, samples, tools);
    // what fools is taken even where its loss is no number
    const better = tf.logicalOr(tf.less(tried.loss, loss), tf.cast(tried.done, "bool"));
    return {
      point: choose(better, tried.point, point),
      loss: choose(better, tried.loss, loss),
      done: tried.done,
    };
  };
}

/** How a scenario names it: `{ use: square, queries: 1000 }`. */
export default component(Attacks, {
  name: "square",
  summary: "Random squares, kept where the margin shrinks; black-box, immune to masked gradients",
  reference: "Andriushchenko et al., ECCV 2020, arXiv:1912.00049",
  options,
  create: square,
});
