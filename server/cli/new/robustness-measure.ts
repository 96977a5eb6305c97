/**
 * The template of what judges classifiers without an attack.
 *
 * @module
 */
import type { Template } from "./template.ts";

export const robustnessMeasure: Template = {
  contract: "RobustnessMeasures",
  from: "dsgan/robustness",
  what: "a measure of robustness",
  source: `/**
 * What else is judged of a classifier in an evaluation of its robustness: here how often it is right on images that are
 * scaled towards the middle of their range.
 *
 * @module
 */
import { component, judgeOf, tf, z } from "dsgan";
import { batchesOf, imagesAt, RobustnessMeasures, shareOf } from "dsgan/robustness";

export default component(RobustnessMeasures, {
  name: "NAME",
  summary: "Accuracy on images of less contrast",
  options: z.strictObject({
    factor: z.number().min(0).max(1).default(0.5).describe("What is left of the distance from the middle."),
  }),
  create: ({ factor }) => ({
    name: "NAME",
    async *measure({ classifier, images, batch, state, stage }) {
      const right = state.cell<number>("right", 0); // what is kept where the run is interrupted
      const done = state.cell<number>("done", 0);
      const n = images.labels.length;
      const [low, high] = classifier.bounds;
      const judge = judgeOf(classifier);
      try {
        for (const rows of batchesOf(n, batch)) {
          if (rows.start < done.value) continue;
          await state.settle();
          const x = tf.tidy(() => {
            const middle = (low + high) / 2;
            return tf.add(tf.mul(tf.sub(imagesAt(images, rows), middle), factor), middle);
          });
          const said = await judge.predict(x);
          x.dispose();
          for (let i = 0; i < rows.count; i++) right.value += said[i] === images.labels[rows.start + i] ? 1 : 0;
          done.value = rows.start + rows.count;
          yield { type: "progress", stage, step: done.value, steps: n };
        }
      } finally {
        judge.dispose();
      }
      const share = shareOf(right.value, n);
      return {
        metrics: { accuracy: share.value },
        curves: [{ name: "contrast", axis: "factor", points: [{ epsilon: factor, ...share }] }],
      };
    },
  }),
});
`,
  application: `use: evaluate-robustness
data: moons
n: 40
batch: 20
classifiers:
  victim: { use: trained, data: moons, network: { use: mlp, hidden: [16] }, epochs: 2, bounds: [-4, 4] }
epsilons: { linf: [0.1] }
attacks: [fgsm]
measures: [NAME]`,
  imports: { testing: ["checkRobustnessMeasure"], dsgan: [] },
  check: `await checkRobustnessMeasure(tester(t), await context.create(RobustnessMeasures, "NAME"));`,
};
