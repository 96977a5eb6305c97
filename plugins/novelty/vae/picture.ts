/**
 * What generated codes decode to, beside the rows that they were moved away from.
 *
 * @module
 */
import { type ApplicationEvent, type Key, type Network, pictureOf, tf } from "../../../core/mod.ts";
import { type Autoencoder, codesOf, drawnCode } from "../autoencoder.ts";
import type { ScorerProblem } from "../scorer.ts";

/** Images in a row of the picture. */
const SHOWN = 12;

/** A sheet of three rows, where the data are images: data, rebuilt data, decoded G(f). */
export async function* pictureOfCodes(
  { scorer: { encoder, decoder }, generator }: { readonly scorer: Autoencoder; readonly generator: Network },
  { rows: { shape, range = [0, 1], sample }, painter, artifact }: ScorerProblem,
  key: Key,
): AsyncGenerator<ApplicationEvent, undefined> {
  if (painter === undefined || pictureOf(shape) !== "sheet") return;
  const all = tf.tidy(() => {
    const use = { training: false };
    const x = sample(key.fold("rows"), SHOWN);
    const codes = codesOf(encoder.apply(x, use));
    const moved = generator.apply(drawnCode(codes, key.fold("codes")), use);
    return tf.concat([x, decoder.apply(codes.mean, use), decoder.apply(moved, use)]); // [3·SHOWN, ...shape]
  });
  const values = (await all.data()) as Float32Array;
  all.dispose();
  const [height, width, channels = 1] = shape as [number, number, number?];
  const png = await painter.sheet(values, [height, width, channels], range, SHOWN);
  yield await artifact(
    "codes.png",
    "Rows, the same rebuilt, and what codes moved by G decode to (a row each)",
    png,
  );
  return;
}
