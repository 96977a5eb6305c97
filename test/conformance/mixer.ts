/**
 * What every mixer must do. Plugin authors call this from their own tests, after choosing an engine.
 *
 * @module
 */
import { type Mixer, tf } from "../../core/mod.ts";
import type { Tester } from "./tester.ts";

/** How a mixer is checked. */
export interface MixerCheck {
  /** Share of `pd` that the mixer means to have, in [0, 1]; α, as Eq. (2) has it, unless given. */
  readonly share?: (alpha: number, m: number) => number;
}

const ALPHAS = [0, 0.1, 0.25, 0.5, 0.8, 0.95];
const SIZES = [1, 2, 7, 10, 64];

/**
 * Checks a mixer against its contract, for many α and m: weights sum to 1, the share of `pd` is what it should be to
 * a row, every row drawn is used, `check` throws where `mix` does, no tensor is left behind.
 * @example
 * ```ts
 * import t from "tap";
 * import { tf } from "dsgan";
 * import { samplingTrick } from "dsgan/mixers";
 * import { checkMixer } from "dsgan/testing";
 *
 * await tf.setBackend("cpu");
 * t.test("samplingTrick() is a mixer", (t) => checkMixer(t, samplingTrick()));
 * ```
 */
export async function checkMixer(
  t: Tester,
  mixer: Mixer,
  { share = (alpha) => alpha }: MixerCheck = {},
): Promise<void> {
  t.ok(mixer.name, "has a name");
  let mixed = 0;
  for (const alpha of ALPHAS) {
    for (const m of SIZES) {
      const refusal = caught(() => mixer.check?.(alpha, m));
      if (refusal === undefined) {
        await checkBatches(t, mixer, alpha, m, share(alpha, m));
        mixed++;
        continue;
      }
      const where = `alpha ${alpha}, m ${m}`;
      t.equal((refusal as Error).name, "InputError", `${where}: check throws an InputError`);
      const drawn: tf.Tensor[] = [];
      const draw = (n: number): tf.Tensor => {
        drawn.push(tf.zeros([n, 1]));
        return drawn.at(-1)!;
      };
      t.throws(() => mixer.mix(alpha, m, draw, draw), { name: "InputError" }, `${where}: and so does mix`);
      tf.dispose(drawn);
    }
  }
  t.ok(mixed > 0, "mixes for some alpha and m");
}

async function checkBatches(t: Tester, mixer: Mixer, alpha: number, m: number, share: number): Promise<void> {
  const where = `alpha ${alpha}, m ${m}`;
  const before = tf.memory().numTensors;
  let count = 0;
  /** Rows that are told apart: those of `pd` are below 0. */
  const draw = (sign: number) => (n: number) =>
    tf.tensor2d(
      Array.from({ length: n }, () => sign * ++count),
      [n, 1],
    );
  const batches = mixer.mix(alpha, m, draw(1), draw(-1));
  t.equal(tf.memory().numTensors, before + batches.length, `${where}: no tensor is left beside the batches`);
  const weights = batches.map(({ weight }) => weight);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  t.ok(
    weights.every((weight) => weight > 0),
    `${where}: weights are above 0`,
  );
  t.ok(Math.abs(total - 1) < 1e-9, `${where}: weights sum to 1, got ${total}`);
  const rows: number[] = [];
  let ofPd = 0;
  for (const { weight, x } of batches) {
    const values = [...(await x.data())];
    t.same(x.shape, [values.length, 1], `${where}: batches have the shape of the rows`);
    t.ok(values.length > 0, `${where}: no batch is empty`);
    ofPd += (weight * values.filter((value) => value < 0).length) / values.length;
    rows.push(...values);
  }
  const numbers = rows.map(Math.abs).sort((a, b) => a - b);
  t.same(
    numbers,
    Array.from({ length: count }, (_, i) => i + 1),
    `${where}: every row that is drawn is used, once`,
  );
  t.ok(Math.abs(ofPd - share) < 1 / m + 1e-9, `${where}: the share of pd is ${share} to a row, got ${ofPd}`);
  t.ok(
    rows.some((row) => row > 0),
    `${where}: some rows are generated`,
  );
  if (share === 0) t.equal(ofPd, 0, `${where}: pd is not drawn from`);
  tf.dispose(batches.map(({ x }) => x));
}

function caught(body: () => void): unknown {
  try {
    body();
    return undefined;
  } catch (error) {
    return error;
  }
}
