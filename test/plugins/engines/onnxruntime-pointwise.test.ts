/** What is computed element by element, in forms that the engine has of its own, against numbers in double precision. */
import t from "tap";
import { Key, tf } from "../../../core/mod.ts";
import { onnxruntime } from "../../../plugins/engines/onnxruntime/onnxruntime.ts";

await onnxruntime().start();
const key = Key.from("pointwise");

t.test("softplus is right to 1e-5 of itself from the smallest to the largest, few elements or many", (t) => {
  for (const n of [100, 50_000]) {
    const x = Float32Array.from({ length: n }, (_, i) => -80 + (160 * i) / n);
    x.set([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0], 0);
    const y = tf.tidy(() => tf.softplus(tf.tensor1d(x)).dataSync());
    t.same([...y.slice(0, 3)], [Number.NaN, Number.POSITIVE_INFINITY, 0]);
    let worst = 0;
    for (let i = 3; i < n; i++) {
      const right = Math.max(x[i]!, 0) + Math.log1p(Math.exp(-Math.abs(x[i]!)));
      worst = Math.max(worst, Math.abs(y[i]! - right) / right);
    }
    t.ok(worst < 1e-5, `${n} elements: off by ${worst}`);
  }
  t.end();
});

t.test("shapes that end in axes of size 1 are spread as any other", async (t) => {
  const pairs: [number[], number[]][] = [
    [[4, 3, 3, 1], []],
    [[4, 3, 3, 1], [1]],
    [
      [4, 3, 3, 1],
      [3, 1],
    ],
    [
      [4, 3, 1, 1],
      [1, 3, 1, 1],
    ],
    [
      [4, 1, 1, 1],
      [1, 5, 1, 1],
    ],
    [[1, 1, 1], []],
    [
      [3, 1],
      [4, 1, 1],
    ],
    [[0, 2, 1], [1]],
    [
      [4, 3, 1],
      [1, 1, 2],
    ],
  ];
  for (const [a, b] of pairs) {
    const got = await Promise.all(
      ["onnxruntime", "cpu"].map(async (engine) => {
        await tf.setBackend(engine);
        return tf.tidy(() => {
          const [x, y] = [key.fold("x").normal(a), key.fold("y").normal(b)];
          const all = [tf.sub(x, y), tf.mul(y, x), tf.where(tf.less(x, y), x, y)];
          return all.map((z) => ({ shape: z.shape, values: [...z.dataSync()] }));
        });
      }),
    );
    t.same(got[0], got[1], `[${a}] and [${b}]`);
  }
});
