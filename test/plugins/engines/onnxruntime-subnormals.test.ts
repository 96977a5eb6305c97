/** Numbers below float32's normal range are kept unless the engine is asked to flush them, each in a process of its own. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import t from "tap";
import { onnxruntime } from "../../../plugins/engines/onnxruntime/onnxruntime.ts";

const programme = `
  const { tf } = await import(${JSON.stringify(new URL("../../../core/mod.ts", import.meta.url).href)});
  const { onnxruntime } = await import(${JSON.stringify(
    new URL("../../../plugins/engines/onnxruntime/onnxruntime.ts", import.meta.url).href,
  )});
  await onnxruntime(JSON.parse(process.argv[1])).start();
  const x = tf.fill([200, 200], 1e-38);
  const w = tf.fill([200, 200], 1e-3);
  const [product, sum] = [tf.mul(x, w), tf.matMul(x, w)].map((y) => [...new Set(y.dataSync())]);
  const normal = tf.mul(tf.scalar(1e-37), 0.5).dataSync()[0];
  console.log(JSON.stringify({ product, sum, normal }));
`;

function under(options: object): { product: number[]; sum: number[]; normal: number } {
  const given = ["--input-type=module", "-e", programme, JSON.stringify(options)];
  const cwd = fileURLToPath(new URL("../../..", import.meta.url));
  return JSON.parse(execFileSync(process.execPath, given, { encoding: "utf8", cwd }));
}

for (const threads of [1, 2]) {
  t.test(`with ${threads} threads`, (t) => {
    const kept = under({ threads });
    t.equal(kept.product[0], Math.fround(Math.fround(1e-38) * Math.fround(1e-3)));
    t.ok(kept.sum[0]! > 0);
    const flushed = under({ threads, subnormals: "flush" });
    t.same(
      flushed,
      { product: [0], sum: [0], normal: kept.normal },
      "all threads flush, and normal numbers stay",
    );
    t.end();
  });
}

t.test("WebAssembly has no such mode", (t) => {
  t.throws(() => onnxruntime({ library: "web", subnormals: "flush" }), /subnormals/);
  t.end();
});
