/**
 * What every sampler must do, of a dataset or a target alike.
 *
 * @module
 */
import { Key, type Range, type Sampler, sizeOf, tf } from "../../core/mod.ts";
import type { Tester } from "./tester.ts";

/** Holds a sampler against its contract; a constant one need not answer another key with other rows. */
export async function checkSampler(
  t: Tester,
  name: string,
  sampler: Sampler,
  { shape, range }: { readonly shape: readonly number[]; readonly range?: Range },
  constant = false,
): Promise<void> {
  const tensors = tf.memory().numTensors;
  const draw = async (key: Key, n: number): Promise<Float32Array> => {
    const rows = sampler(key, n);
    t.same(rows.shape, [n, ...shape], `${name}: ${n} rows of the shape [${shape}]`);
    t.equal(rows.dtype, "float32", `${name}: float32`);
    t.equal(tf.memory().numTensors, tensors + 1, `${name}: one tensor, and nothing left beside it`);
    const values = Float32Array.from(await rows.data());
    rows.dispose();
    return values;
  };

  const key = Key.from("conformance");
  const first = await draw(key, 64);
  t.ok(alike(await draw(key, 64), first), `${name}: the same key, the same rows`);
  await draw(Key.from("elsewhere"), 7);
  t.ok(alike(await draw(key, 64), first), `${name}: whatever was drawn in between`);
  if (!constant) t.ok(!alike(await draw(key.fold("other"), 64), first), `${name}: another key, other rows`);
  t.equal((await draw(key, 1)).length, sizeOf(shape), `${name}: a single row`);
  t.ok(first.every(Number.isFinite), `${name}: finite values`);
  if (range !== undefined) {
    const [low, high] = range;
    t.ok(low < high, `${name}: the range ascends`);
    const slack = 4 * 2 ** -24 * Math.max(Math.abs(low), Math.abs(high)); // float32's rounding, a few times over
    const outside = first.find((x) => x < low - slack || x > high + slack);
    t.equal(outside, undefined, `${name}: every value in the range [${low}, ${high}]`);
  }
}

/** Whether two lists hold the same numbers; fast where tap's deep comparison of images is not. */
export function alike(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  return a.length === b.length && Array.prototype.every.call(a, (x, i) => Object.is(x, b[i]));
}
