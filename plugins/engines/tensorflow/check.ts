/**
 * Checks the engine `tensorflow` by a product on its device, and says what it found.
 *
 *     node plugins/engines/tensorflow/check.ts [--gpu]     # --gpu: a processor does not do
 *
 * @module
 */
import { messageOf, tf } from "../../../core/mod.ts";
import { deviceInWords, loadBackend } from "./native.ts";

const SIZE = 512;

/** Multiplies two matrices whose product is known. @throws Error where it comes out otherwise */
async function multiply(): Promise<void> {
  const product = tf.tidy(() =>
    tf.matMul(tf.fill([SIZE, SIZE], 0.5), tf.mul(tf.eye(SIZE), tf.range(0, SIZE).expandDims(0))),
  );
  const values = await product.data();
  product.dispose();
  const wrong = values.findIndex((value, i) => value !== (i % SIZE) / 2);
  if (wrong >= 0) throw new Error(`a product came out wrong: ${values[wrong]} at ${wrong}`);
}

try {
  const backend = await loadBackend();
  await multiply();
  console.log(`TensorFlow ${backend.binding.TF_Version} multiplies on ${deviceInWords(backend)}`);
  if (process.argv.includes("--gpu") && !backend.isUsingGpuDevice) process.exitCode = 1;
} catch (error) {
  console.error(messageOf(error));
  process.exitCode = 1;
}
