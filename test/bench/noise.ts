/**
 * What noise costs: the numbers that an iteration of `mnist-ssl` draws are drawn by themselves and the whole iteration is
 * run, by turns, on onnxruntime. `npm run -s bench:noise`.
 *
 * @module
 */
import { availableParallelism } from "node:os";
import { Command } from "commander";
import { compileStep, type Draw, Key, tf } from "../../core/mod.ts";
import { fillAll } from "../../plugins/engines/onnxruntime/noise.ts";
import { onnxruntime } from "../../plugins/engines/onnxruntime/onnxruntime.ts";
import { mnistSsl } from "./cases/mnist-ssl.ts";
import { median } from "./statistics.ts";

const { repetitions } = new Command("bench:noise")
  .description("Times the noise of a semi-supervised MNIST iteration, and the iteration.")
  .option("--repetitions <n>", "of each, by turns; the median counts", "200")
  .parse()
  .opts<{ repetitions: string }>();

await onnxruntime().start();
const key = Key.from("bench");
const { data, numbers, step: body } = mnistSsl.build(key, mnistSsl.batch, false);
const step = compileStep("mnist-ssl", body);
let count = 0;
const iterate = async (): Promise<void> => {
  const losses = Object.values(step.run({ ...data, ...numbers(++count) }, key.fold("step", count)));
  await Promise.all(losses.map((loss) => loss.data()));
  tf.dispose(losses);
};

const draws: Draw[] = [];
tf.tidy(() => {
  const inputs = Object.fromEntries(Object.entries(numbers(1)).map(([name, x]) => [name, tf.scalar(x)]));
  body(
    { ...data, ...inputs },
    key.fold("step", 0).traced((draw) => void draws.push(draw)),
  );
});
const outs = draws.map(({ shape }) => new Float32Array(shape.reduce((n, size) => n * size, 1)));
const draw = (): void => {
  const at = key.fold("noise", count);
  const fillings = draws.map((draw, i) => ({ draw, key: at.fold(...draw.path), out: outs[i]! }));
  fillAll(fillings, availableParallelism());
};

const timed = async (what: () => unknown): Promise<number> => {
  const began = performance.now();
  await what();
  return performance.now() - began;
};
const times = { noise: [] as number[], step: [] as number[] };
for (let i = -20; i < Number(repetitions); i++) {
  const [step, noise] = [await timed(iterate), await timed(draw)];
  if (i < 0) continue; // warming up
  times.step.push(step);
  times.noise.push(noise);
}
const [ms, whole] = [median(times.noise), median(times.step)];
const drawn = outs.reduce((n, { length }) => n + length, 0);
console.log(
  `${(drawn / 1e6).toFixed(2)} million numbers in ${draws.length} draws: ${ms.toFixed(2)} ms, ` +
    `${((100 * ms) / whole).toFixed(1)} % of the iteration's ${whole.toFixed(1)} ms`,
);
process.exit(0);
