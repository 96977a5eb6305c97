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
  Attacks,
  type Classifier,
  compileStep,
  component,
  InputError,
  type Key,
  type Norm,
  tf,
  z,
} from "../../../core/mod.ts";
import { ballOf, clip } from "../parts/ball.ts";
import { margin } from "../parts/loss.ts";
import { march } from "../parts/march.ts";
import { choose, spread } from "../parts/rows.ts";
import { byTurns, type Turn } from "../parts/turns.ts";
import { bump, tiles } from "./bump.ts";

/** Options of {@link square}. */
export interface SquareOptions {
  readonly norm: Norm;
  /** Images put to the classifier, for each one attacked, at most; 5000 in AutoAttack. */
  readonly queries: number;
  /** Share of the pixels that the first squares cover, in (0, 1]; 0.8 in AutoAttack. */
  readonly share: number;
  readonly restarts: number;
}

/** After how many of 10 000 queries the share is halved once more. */
const HALVINGS = [10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000];

/** Keeps quotients finite. */
const TINY = 1e-12;

/** Image size: rows, columns, channels. */
type Size = readonly [height: number, width: number, channels: number];

/** Within a budget; uses no gradients. */
export function square(options: SquareOptions): Attack {
  const { norm, restarts, queries } = options;
  const name = `square-${norm}`;
  return {
    name,
    norm,
    kind: "within-budget",
    access: "black-box",
    aims: true,
    shortened: (share) => square({ ...options, queries: Math.max(2, Math.round(share * queries)) }),
    against(classifier) {
      const size = sizeOfImage(name, classifier, norm);
      const propose = norm === "linf" ? proposeLinf : proposeL2;
      const begin = beginning(name, classifier, size, norm);
      const step = squareStep(name, classifier, size, propose);
      const shapes = new Map<number, tf.Tensor>(); // l2: the bump of each side
      const numbers = (i: number): Record<string, number | tf.Tensor> => {
        const side = sideAt(i, options, size);
        if (norm === "linf") return { side };
        if (!shapes.has(side)) shapes.set(side, tf.tensor2d(bump(side, Math.min(size[0], size[1]))));
        return { side, shape: shapes.get(side)! };
      };
      const turn: Turn = async ({ x, y, target }, epsilon, key, signal) => {
        const given = { x, y, epsilon, ...(target && { target }) };
        const state = begin.run(given, key.fold("start"));
        const end = await march({ step, given, state, steps: queries - 1, numbers, key, signal });
        tf.dispose([end.done, end.loss]);
        return { x: end.at, queries: end.queries as tf.Tensor1D };
      };
      return byTurns(name, classifier, ballOf(norm).length, Array(restarts).fill(turn), () => {
        begin.dispose();
        step.dispose();
        tf.dispose([...shapes.values()]);
      });
    },
  };
}

/** @throws InputError where the classifier's inputs are not images that squares fit into */
function sizeOfImage(name: string, { inputShape, name: of }: Classifier, norm: Norm): Size {
  const [height, width = 1, channels = 1] = inputShape;
  const image = inputShape.length === 2 || inputShape.length === 3;
  if (inputShape.length > 3 || (norm === "l2" && !(image && Math.min(height!, width) >= 5))) {
    const wanted = norm === "l2" ? "images of at least 5 x 5 pixels" : "rows, images or images with channels";
    throw new InputError(`${name} attacks ${wanted}, but classifier "${of}" takes [${inputShape}]`);
  }
  return [height!, width, channels];
}

/** Side of the square of the i-th query, from 0: of rows alone where there are no columns. */
function sideAt(i: number, { share, queries, norm }: SquareOptions, [height, width]: Size): number {
  const of10000 = Math.floor((i / queries) * 10_000);
  const halvings = HALVINGS.filter((after) => of10000 > after).length;
  const area = share * 2 ** -halvings * height * width;
  if (width === 1) return Math.min(height, Math.max(1, Math.round(area)));
  const side = Math.round(Math.sqrt(area));
  if (norm === "linf") return Math.min(height, width, Math.max(1, side));
  const odd = Math.max(3, side);
  return Math.min(height, width, odd + (odd % 2 === 0 ? 1 : 0));
}

/** What a step reads. */
type Inputs = Readonly<Record<string, tf.Tensor>>;

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

/** From the best image so far, `[n, h, w, c]`, to one to try. */
type Propose = (x: tf.Tensor, at: tf.Tensor, inputs: Inputs, size: Size, key: Key) => tf.Tensor;

/** Algorithm 2: each channel of the square moves to one end of the budget. */
const proposeLinf: Propose = (x, at, { epsilon, side }, size, key) => {
  const n = x.shape[0]!;
  const { mask } = window(size, side!, key, n);
  const change = tf.mul(
    mask,
    tf.mul(2, tf.mul(spread(epsilon!, x), signs(key.fold("signs"), [n, 1, 1, size[2]]))),
  );
  return tf.add(x, ballOf("linf").project(tf.sub(tf.add(at, change), x), epsilon!));
};

/** Algorithm 3: what budget there is in two squares gathers in the first, in the shape of a bump. */
const proposeL2: Propose = (x, at, { epsilon, side, shape }, size, key) => {
  const n = x.shape[0]!;
  const [, , channels] = size;
  const delta = tf.sub(at, x);
  const first = window(size, side!, key.fold("first"), n);
  const second = window(size, side!, key.fold("second"), n);
  const length = (d: tf.Tensor): tf.Tensor => tf.sqrt(tf.sum(tf.square(d), [1, 2], true)); // [n, 1, 1, c]
  const either = tf.maximum(first.mask, second.mask);
  const left = tf.sub(tf.square(epsilon!), tf.sum(tf.square(delta), [1, 2, 3])); // unspent, [n]
  const room = tf.sqrt(
    tf.add(tf.div(spread(tf.maximum(0, left), x), channels), tf.square(length(tf.mul(delta, either)))),
  );
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
  return tf.add(
    x,
    tf.mul(ballOf("l2").steepest(tf.add(others, tf.mul(gathered, first.mask))), spread(epsilon!, x)),
  );
};

/** Stripes (ℓ∞) or a grid of bumps (ℓ2), each of a sign by chance. */
function beginning(name: string, classifier: Classifier, size: Size, norm: Norm) {
  const [height, width, channels] = size;
  return compileStep<string, "at" | "loss" | "done" | "queries">(`${name}'s start`, (inputs, key) => {
    const n = inputs.x!.shape[0]!;
    const x = tf.reshape(inputs.x!, [n, ...size]);
    const delta =
      norm === "linf"
        ? signs(key, [n, 1, width, channels])
        : ballOf("l2").steepest(tiles(size, (rows, columns) => signs(key, [n, rows, columns, channels])));
    const at = clip(
      tf.add(x, tf.mul(tf.add(tf.zeros([n, height, 1, 1]), delta), spread(inputs.epsilon!, x))),
      classifier.bounds,
    );
    return judged(classifier, inputs, at);
  });
}

/** An image with its loss (the margin's negative) and whether that is enough. */
function judged(classifier: Classifier, { x, y, target }: Inputs, proposed: tf.Tensor) {
  const at = tf.reshape(proposed, x!.shape);
  const gain = margin(classifier.logits(at), { y: y!, target });
  return {
    at,
    loss: tf.neg(gain),
    done: tf.cast(tf.greater(gain, 0), "float32"),
    queries: tf.onesLike(gain),
  };
}

function squareStep(name: string, classifier: Classifier, size: Size, propose: Propose) {
  return compileStep<string, "at" | "loss" | "done" | "queries">(name, (inputs, key) => {
    const { at, loss, done, queries } = inputs;
    const images = (x: tf.Tensor): tf.Tensor => tf.reshape(x, [x.shape[0]!, ...size]);
    const proposed = clip(propose(images(inputs.x!), images(at!), inputs, size, key), classifier.bounds);
    const tried = judged(classifier, inputs, proposed);
    const better = tf.logicalAnd(tf.less(tried.loss, loss!), tf.less(done!, 0.5));
    return {
      at: choose(better, tried.at, at!),
      loss: choose(better, tried.loss, loss!),
      done: choose(better, tried.done, done!),
      queries: tf.add(queries!, tf.sub(1, done!)),
    };
  });
}

/** How a scenario names it: `{ use: square, queries: 1000 }`. */
const squareComponent = component(Attacks, {
  name: "square",
  summary: "Random squares, kept where the margin shrinks; black-box, immune to masked gradients",
  reference: "Andriushchenko et al., ECCV 2020, arXiv:1912.00049",
  options: () =>
    z.strictObject({
      norm: z.enum(["linf", "l2"]).default("linf").describe("Norm of the budget."),
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
      restarts: z.int().positive().default(1).describe("Tries in all, each on the images still unfooled."),
    }),
  create: square,
});

export default squareComponent;
