/**
 * The template of what scores rows.
 *
 * @module
 */
import type { Template } from "./template.ts";

export const scorer: Template = {
  contract: "Scorers",
  from: "dsgan/novelty",
  what: "a scorer",
  source: `/**
 * How abnormal a row is, learnt from normal rows alone: here how many standard deviations each value lies from its mean.
 * What scores is a network, so that \`dsgan score\` and \`dsgan export\` can build it again.
 *
 * @module
 */
import { component, Networks, sizeOf, tf, z } from "dsgan";
import { scoresOf, Scorers } from "dsgan/novelty";

const network = component(Networks, {
  name: "NAME-network",
  summary: "The mean square of standardised values",
  create: () => ({
    name: "NAME-network",
    build({ input, output }, key) {
      const vector = (value: number): tf.Variable =>
        tf.tidy(() => tf.variable(tf.fill([sizeOf(input)], value), false));
      const [mean, deviation] = [vector(0), vector(1)];
      const gain = tf.tidy(() => tf.variable(key.fold("gain").uniform([1], 1, 1)));
      return {
        inputShape: input,
        outputShape: output,
        parameters: new Map([["gain", gain]]), // what an optimiser may change
        state: new Map([["mean", mean], ["deviation", deviation]]), // what changes otherwise
        /** x \`[n, ...input]\`, gives \`[n, 1]\`. */
        apply(x) {
          const rows = tf.reshape(x, [x.shape[0]!, sizeOf(input)]);
          const standard = tf.div(tf.sub(rows, mean), deviation);
          return tf.mul(gain, tf.mean(tf.square(standard), 1, true));
        },
        dispose: () => tf.dispose([mean, deviation, gain]),
      };
    },
  }),
});

const scorer = component(Scorers, {
  name: "NAME",
  summary: "Mean square of standardised values",
  options: z.strictObject({
    least: z.number().positive().default(0.001).describe("Deviations smaller than this count as this."),
  }),
  async create({ least }, context) {
    const plan = await context.create(Networks, "NAME-network");
    return {
      name: "NAME",
      async *learn({ rows, state, build }) {
        const built = build("scorer", plan); // kept with the run under this name
        yield* state.once("learn", async function* () {
          yield { type: "stage", stage: "learn" };
          tf.tidy(() => {
            const all = tf.reshape(rows.rows([...Array(rows.size).keys()]), [rows.size, -1]);
            const { mean, variance } = tf.moments(all, 0);
            built.state.get("mean")!.assign(mean);
            built.state.get("deviation")!.assign(tf.maximum(tf.sqrt(variance), least));
          });
          const scores = await scoresOf(built, rows);
          yield { type: "metrics", values: { largest: Math.max(...scores) } };
          return undefined;
        });
        return { scorer: built };
      },
    };
  },
});

export default [scorer, network] as const;
`,
  several: 2,
  application: `use: novelty-detection
data: moons
normal: [0]
scorer: { use: NAME, least: 0.01 }`,
  expect: "auroc: { atLeast: 0.5 }",
  imports: { testing: ["checkScorer"], dsgan: [] },
  check: `await checkScorer(tester(t), await context.create(Scorers, "NAME"));`,
};
