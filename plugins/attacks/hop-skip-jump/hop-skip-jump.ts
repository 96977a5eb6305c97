/**
 * HopSkipJump: walks along the decision boundary towards the image, by decisions alone. It needs neither gradients nor
 * logits that mean anything, so that nothing which masks those can mislead it.
 * J. Chen, M. I. Jordan, M. J. Wainwright, "HopSkipJumpAttack: A Query-Efficient Decision-Based Attack", IEEE S&P 2020,
 * Algorithms 1 and 2.
 *
 * @module
 */
import {
  type Attack,
  type AttackBatch,
  Attacks,
  type AttackTools,
  component,
  InputError,
  type Key,
  type Norm,
  parseOptions,
  sizeOf,
  tf,
  z,
} from "../../../core/mod.ts";
import { iterate } from "../parts/iterate.ts";
import { normOption } from "../parts/options.ts";
import { choose } from "../parts/rows.ts";
import { type Moves, movesOf } from "./moves.ts";

/** Decisions below which nothing can be found. */
const FEWEST = 20;

const options = z.strictObject({
  norm: normOption("distance", "l2"),
  queries: z
    .int()
    .min(FEWEST)
    .default(5000)
    .describe("Images put to the classifier for each one attacked, at most."),
  directions: z
    .int()
    .min(2)
    .default(100)
    .describe("Directions of the first slope, B₀; the t-th takes √t times as many."),
  samples: z
    .int()
    .positive()
    .default(1)
    .describe("Draws of a randomised classifier that each decision is the majority of; each is a query."),
});

/** Options of {@link hopSkipJump}. */
export type HopSkipJumpOptions = z.input<typeof options>;

/** Most directions of a slope, B_max. */
const MOST = 10_000;

/** Tries to find an example to begin with, of two decisions each. */
const TRIES = 50;

/** Most halvings of a leap: shorter ones are lost in float32. */
const HALVINGS = 24;

/** A fraction of the way finer than this is lost in float32. */
const FINEST = 24;

/** Farther than any image. */
const NOWHERE = 1e10;

/** Looks for the nearest example; uses decisions alone. */
export function hopSkipJump(given: HopSkipJumpOptions = {}): Attack {
  const { norm, queries, directions, samples } = parseOptions("hop-skip-jump", options, given);
  if (queries < FEWEST * samples) {
    throw new InputError(
      `hop-skip-jump: ${queries} queries are ${Math.floor(queries / samples)} decisions of ${samples} samples each: give ` +
        `${FEWEST * samples} queries at least`,
    );
  }
  const moves = movesOf(norm, samples);
  return {
    name: `hop-skip-jump-${norm}`,
    norm,
    kind: "minimum-norm",
    access: "black-box",
    targeted: true,
    samples,
    steps: queries,
    async perturb({ x, y, target, steps, key }, tools) {
      const walk = new Walk(
        moves,
        { x, y, target },
        tools,
        Math.floor(steps / samples),
        halvingsTo(norm, sizeOf(x.shape.slice(1))),
      );
      await walk.start(key.fold("start"));
      for (let t = 1; walk.left > walk.halvings + 1; t++) {
        const count = Math.min(Math.round(directions * Math.sqrt(t)), MOST, walk.left - walk.halvings - 1);
        if (count < directions && t > 1) break; // too few to tell a slope by
        await walk.advance(t, count, key.fold("iteration", t));
      }
      return walk.best;
    },
  };
}

/** Halvings of the way until the bracket is as narrow as the paper's θ: d^(−3/2) in ℓ2, d^(−2) in ℓ∞. */
function halvingsTo(norm: Norm, d: number): number {
  return Math.min(FINEST, Math.max(1, Math.ceil((norm === "l2" ? 1.5 : 2) * Math.log2(d))));
}

/** The images of a batch on their way. */
class Walk {
  /** Decisions that are left for each image: queries, unless the classifier is asked several times for one. */
  left: number;
  readonly halvings: number;
  /** The nearest examples so far, `[n, ...]` */
  best: tf.Tensor;
  readonly #moves: Moves;
  readonly #rows: AttackBatch;
  readonly #tools: AttackTools;
  /** On the wrong side of the boundary, `[n, ...]`, and how far from the images, `[n]` */
  #point: tf.Tensor;
  #distance: tf.Tensor;
  #length: tf.Tensor;
  /** 1 where there is nothing to do: the image fools as it is, or nothing that fools was found; `[n]` */
  #idle: tf.Tensor;

  constructor(moves: Moves, rows: AttackBatch, tools: AttackTools, decisions: number, halvings: number) {
    const n = rows.x.shape[0]!;
    this.#moves = moves;
    this.#rows = rows;
    this.#tools = tools;
    this.left = decisions;
    this.halvings = halvings;
    this.best = tools.track(rows.x.clone());
    this.#point = tools.track(rows.x.clone());
    this.#distance = tools.track(tf.zeros([n]));
    this.#length = tools.track(tf.fill([n], NOWHERE));
    this.#idle = tools.track(tf.zeros([n]));
  }

  /** Lines 1 and 2 of Algorithm 2: an example, and from there to the boundary. */
  async start(key: Key): Promise<void> {
    const { found: before } = this.#tools.peek(this.#moves.look, this.#rows, key);
    const { point, found } = await iterate(this.#tools, {
      step: this.#moves.seek,
      given: this.#rows,
      state: { point: this.#point, found: before },
      done: before,
      key: key.fold("seek"),
      ...this.#counted(TRIES, 2),
    });
    const idle = this.#tools.track(tf.tidy(() => tf.maximum(before, tf.sub(1, found))));
    const at = this.#tools.track(tf.tidy(() => choose(idle, this.#rows.x, point)));
    tf.dispose([before, found, point, this.#idle]);
    this.#idle = idle;
    await this.#goTo(at, key.fold("boundary"));
  }

  /** An iteration: the slope by `count` directions, a leap along it, and back to the boundary. */
  async advance(t: number, count: number, key: Key): Promise<void> {
    const { probe, aim, leap } = this.#moves;
    const [rows, point] = [this.#rows, this.#point];
    const zeros = tf.tidy(() => ({
      signed: tf.zerosLike(point),
      all: tf.zerosLike(point),
      votes: tf.zerosLike(this.#distance),
    }));
    Object.values(zeros).forEach(this.#tools.track);
    const share = t === 1 ? 0 : 1 / sizeOf(point.shape.slice(1)); // δ_t = ‖x_t − x‖ / d
    const slope = this.#counted(count);
    const sums = await iterate(this.#tools, {
      step: probe,
      given: { ...rows, point, distance: this.#distance },
      state: zeros,
      done: this.#idle,
      key: key.fold("slope"),
      steps: slope.steps,
      numbers: () => ({ ...slope.numbers(), share }),
    });
    const { direction } = this.#tools.peek(aim, { ...sums, count }, key);
    const reach = this.#tools.track(tf.tidy(() => tf.div(this.#distance, Math.sqrt(t)))); // ξ_t
    const leapt = await iterate(this.#tools, {
      step: leap,
      given: { ...rows, point, direction },
      state: { reach, image: point },
      done: this.#idle,
      key: key.fold("leap"),
      ...this.#counted(Math.min(HALVINGS, this.left - this.halvings)),
    });
    tf.dispose([...Object.values(zeros), ...Object.values(sums), direction, reach, leapt.reach]);
    await this.#goTo(leapt.image, key.fold("boundary"));
  }

  /** From examples back to the boundary; takes the examples over. */
  async #goTo(point: tf.Tensor, key: Key): Promise<void> {
    const n = point.shape[0]!;
    const [low, high] = [tf.zeros([n]), tf.ones([n])].map(this.#tools.track) as [tf.Tensor, tf.Tensor];
    const end = await iterate(this.#tools, {
      step: this.#moves.bisect,
      given: { ...this.#rows, point },
      state: { low, high, image: point },
      done: this.#idle,
      key,
      ...this.#counted(Math.min(this.halvings, this.left)),
    });
    const { x } = this.#rows;
    const measured = this.#tools.peek(
      this.#moves.measure,
      { x, point: end.image, best: this.best, length: this.#length },
      key,
    );
    tf.dispose([low, high, point, end.low, end.high, this.#point, this.best, this.#length, this.#distance]);
    this.#point = end.image;
    ({ distance: this.#distance, best: this.best, length: this.#length } = measured);
  }

  /** So many iterations at most, whose decisions are taken off what is left. */
  #counted(most: number, decisions = 1) {
    const steps = Math.max(0, Math.min(most, Math.floor(this.left / decisions)));
    return {
      steps,
      numbers: (): object => {
        this.left -= decisions;
        return {};
      },
    };
  }
}

/** How a scenario names it: `{ use: hop-skip-jump, norm: linf }`. */
export default component(Attacks, {
  name: "hop-skip-jump",
  summary: "Walks along the decision boundary by decisions alone; minimises the distance; black-box",
  reference: "Chen et al., IEEE S&P 2020, arXiv:1904.02144",
  options,
  create: hopSkipJump,
});
