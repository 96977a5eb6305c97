/** Tensors have the methods that TensorFlow.js' types promise, as its whole package gives them. */
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import t from "tap";
import { tf } from "../../../core/mod.ts";

const require = createRequire(import.meta.url);
const folder = join(dirname(require.resolve("@tensorflow/tfjs-core")), "public/chained_ops");

t.test("every method that the types have is there", (t) => {
  const promised = readdirSync(folder)
    .filter((name) => name.endsWith(".js") && !/_test|register_all/.test(name))
    .flatMap((name) =>
      [...readFileSync(join(folder, name), "utf8").matchAll(/prototype\.(\w+) = /g)].map(
        ([, method]) => method!,
      ),
    );
  t.ok(promised.length > 100, `${promised.length} of them`);
  const prototype = tf.Tensor.prototype as unknown as Record<string, unknown>;
  t.same(
    promised.filter((name) => typeof prototype[name] !== "function"),
    [],
  );
  t.end();
});

t.test("they compute what their operations do", async (t) => {
  await tf.setBackend("cpu");
  const x = tf.tensor2d([
    [1, 2],
    [3, 4],
  ]);
  const same = (name: string, got: tf.Tensor, expected: tf.Tensor): void => {
    t.same(got.arraySync(), expected.arraySync(), name);
    t.same([got.shape, got.dtype], [expected.shape, expected.dtype], name);
  };
  same("add", x.add(1), tf.add(x, 1));
  same("sum", x.sum(1, true), tf.sum(x, 1, true));
  same("oneHot", tf.tensor1d([0, 1], "int32").oneHot(3, 1, 0), tf.oneHot([0, 1], 3));
  same("flatten", x.flatten(), tf.tensor1d([1, 2, 3, 4]));
  same("as1D", x.as1D(), tf.tensor1d([1, 2, 3, 4]));
  same("as3D", x.as3D(1, 2, 2), tf.reshape(x, [1, 2, 2]));
  same("asScalar", x.sum().as1D().asScalar(), tf.scalar(10));
  same("asType", x.asType("int32"), tf.cast(x, "int32"));
  same("toBool", x.toBool(), tf.cast(x, "bool"));
  same("toInt", x.toInt(), tf.cast(x, "int32"));
  same("toFloat", x.toInt().toFloat(), x);
  same("reshapeAs", x.reshapeAs(tf.zeros([4])), x.flatten());
  same("concat", x.concat(x, 1), tf.concat([x, x], 1));
  same("concat of several", x.concat([x, x]), tf.concat([x, x, x]));
  same("stack", x.stack(x), tf.stack([x, x]));
  same("where", x.where(tf.greater(x, 2), tf.zerosLike(x)), tf.where(tf.greater(x, 2), x, tf.zerosLike(x)));
  const image = tf.reshape(x, [2, 2, 1]) as tf.Tensor3D;
  same("resizeBilinear", image.resizeBilinear([4, 4], true), tf.image.resizeBilinear(image, [4, 4], true));
  same(
    "resizeNearestNeighbor",
    image.resizeNearestNeighbor([4, 4]),
    tf.image.resizeNearestNeighbor(image, [4, 4]),
  );
  t.throws(() => x.asScalar(), /only 1 element/);
  x.dispose();
  t.throws(() => x.neg(), /disposed/);
});
