/**
 * Projected gradient descent in the ℓ∞ norm, A. Madry et al., "Towards Deep Learning Models Resistant to Adversarial
 * Attacks", ICLR 2018. @module
 */
import { tf } from "../../../core/mod.ts";
import { imageClassifier } from "../../../plugins/networks/image-classifier/mod.ts";
import { type BenchCase, crossEntropy, labelsByTurns, type Workload } from "../workload.ts";

const STEPS = 40;
const EPSILON = 0.03;
const STEP_SIZE = EPSILON / 10;

export const cifarPgd: BenchCase = {
  name: "cifar-pgd",
  summary: "PGD-40 ℓ∞ on Table 7's classifier, batch 100; the time is that of the whole attack",
  batch: 100,
  engines: ["auto"],
  peers: true,
  build(key, m, small): Workload {
    const image = [32, 32, 3];
    const classifier = imageClassifier({ filters: small ? 8 : 96, dropout: 0 }).build(
      { input: image, output: [10] },
      key.fold("classifier"),
    );
    const x = key.fold("x").uniform([m, ...image], -0.5, 0.5);
    classifier.initialize!(x, key.fold("initialize"));
    return {
      networks: { classifier },
      data: { x, labels: labelsByTurns(m, 10) },
      numbers: () => ({}),
      step({ x, labels }, key) {
        const low = tf.maximum(tf.sub(x!, EPSILON), -0.5);
        const high = tf.minimum(tf.add(x!, EPSILON), 0.5);
        const project = (y: tf.Tensor): tf.Tensor => tf.minimum(tf.maximum(y, low), high);
        const loss = (y: tf.Tensor): tf.Scalar =>
          crossEntropy(classifier.apply(y, { training: false }), labels!);
        const slope = tf.grad(loss);
        let y = project(tf.add(x!, key.uniform(x!.shape, -EPSILON, EPSILON)));
        for (let i = 0; i < STEPS; i++) {
          const before = y;
          y = tf.tidy(() => project(tf.add(y, tf.mul(STEP_SIZE, tf.sign(slope(y))))));
          before.dispose();
        }
        return { loss: loss(y) };
      },
    };
  },
};
