/** Opens ONNX files as a scenario does. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import {
  type ApplicationEvent,
  type Classifier,
  type ClassifierPlace,
  Key,
  type RunContext,
  tf,
  transientState,
} from "../../../core/mod.ts";
import { type OnnxOptions, onnx } from "../../../plugins/classifiers/onnx/onnx.ts";

/** A folder of this test's own. */
export const folder: string = mkdtempSync(join(tmpdir(), "dsgan-onnx-"));
t.teardown(() => rmSync(folder, { recursive: true }));

/** Writes a file, and says where. */
export function written(name: string, bytes: Uint8Array): string {
  writeFileSync(join(folder, name), bytes);
  return join(folder, name);
}

/** What opening a file gave. */
export interface Opened {
  readonly classifier: Classifier;
  readonly events: readonly ApplicationEvent[];
}

/** Opens a file for a place. */
export async function open(options: OnnxOptions, place: Partial<ClassifierPlace> = {}): Promise<Opened> {
  const whole = { name: "mine", inputShape: [4, 5, 3], classes: 3, range: [0, 1] as const, ...place };
  const context = { key: Key.from(0), state: transientState(), signal: new AbortController().signal };
  const opening = onnx(options).open(whole, context as unknown as RunContext);
  const events: ApplicationEvent[] = [];
  for (;;) {
    const { done, value } = await opening.next();
    if (done) return { classifier: value, events };
    events.push(value);
  }
}

/** Logits of images, and of a sum of them weighted by class the slope to the images. */
export async function answer(
  { logits, classes }: Classifier,
  images: tf.Tensor,
): Promise<{ logits: Float32Array; slope: Float32Array }> {
  const [y, slope] = tf.tidy(() => {
    const weights = tf.range(1, classes + 1);
    return [logits(images), tf.grad((x) => tf.sum(tf.mul(logits(x), weights)))(images)];
  });
  const read = { logits: (await y.data()) as Float32Array, slope: (await slope.data()) as Float32Array };
  tf.dispose([y, slope]);
  return read;
}
