/** Semi-supervised learning on MNIST: one step of D, of G and of C as the recipe has them, the classifier passed once in each. @module */
import { type Mode, tf } from "../../../core/mod.ts";
import { featureCritic } from "../../../plugins/networks/feature-critic/feature-critic.ts";
import { mnistClassifier, mnistGenerator } from "../../../plugins/networks/ssl-mnist/ssl-mnist.ts";
import { wganGp } from "../../../plugins/objectives/wgan-gp/wgan-gp.ts";
import { adam } from "../../../plugins/optimizers/adam/adam.ts";
import {
  type BenchCase,
  crossEntropy,
  labelsByTurns,
  learner,
  numbersOf,
  type Workload,
} from "../workload.ts";

const ALPHA = 0.8;
const BETA = 0.3;
const RATES = { learningRate: 3e-3, decayFrom: 1, beta1: 0.5, epsilon: 1e-8 };

export const mnistSsl: BenchCase = {
  name: "mnist-ssl",
  summary: "MNIST semi-supervised iteration: D, G and C step, Table 4, noise in all passes, batch 100",
  batch: 100,
  engines: ["auto", "wasm", "wasm-as-shipped"],
  peers: ["pytorch", "pytorch-compiled", "jax"],
  build(key, m): Workload {
    const image = [28, 28, 1];
    const generator = mnistGenerator().build(
      { input: [100], output: image, range: [0, 1] },
      key.fold("generator"),
    );
    const classifier = mnistClassifier().build({ input: image, output: [10] }, key.fold("classifier"));
    const { features } = classifier;
    const critic = featureCritic().build({ input: features!.shape, output: [1] }, key.fold("critic"));
    const images = (name: string): tf.Tensor => key.fold(name).uniform([m, ...image]);
    classifier.initialize!(images("initialize"), key.fold("initialize", "noise"));

    const objective = wganGp({ lambda: 10 });
    const criticLearner = learner("critic", critic, adam({ ...RATES, beta2: 0.9 }));
    const generatorLearner = learner("generator", generator, adam({ ...RATES, beta2: 0.9 }));
    const classifierLearner = learner("classifier", classifier, adam({ ...RATES, beta2: 0.9999 }));

    return {
      networks: { generator, critic, classifier },
      data: {
        labeled: images("labeled"),
        labels: labelsByTurns(m, 10),
        x: images("x"),
        x1: images("x1"),
        x2: images("x2"),
      },
      numbers: numbersOf(criticLearner, generatorLearner, classifierLearner),
      step(inputs, key) {
        const { labeled, labels, x, x1, x2 } = inputs;
        const mode = (name: string): Mode => ({ training: true, key: key.fold(name, "noise") });
        const f = (x: tf.Tensor, name: string): tf.Tensor => features!.of(x, mode(name)); // [n, 250]
        const generated = (name: string): tf.Tensor =>
          generator.apply(key.fold(name, "z").uniform([m, 100]), mode(name)); // batch norm sees m rows
        const score = (y: tf.Tensor): tf.Tensor => critic.apply(y, { training: true });

        const known = Math.round(ALPHA * m);
        const made = tf.slice(generated("fake"), 0, m - known);
        const joined = f(tf.concat([tf.slice(x!, 0, known), made, x1!, x2!]), "critic f"); // [3m, 250]
        const [fake, f1, f2] = tf.split(joined, 3) as [tf.Tensor, tf.Tensor, tf.Tensor];
        const b = key.fold("b").uniform([m, 1], 0, BETA);
        const pdBar = tf.add(f2, tf.mul(b, tf.sub(f1, f2))); // b·f(x1) + (1 − b)·f(x2)
        const criticLoss = criticLearner.learn(
          () => objective.criticLoss(score, pdBar, [{ x: fake, weight: 1 }], key.fold("objective")),
          inputs,
        );
        const generatorLoss = generatorLearner.learn(
          () => objective.generatorLoss(score, f(generated("generator"), "generator f")),
          inputs,
        );

        const bad = generated("bad"); // outside the gradient: a constant to the classifier
        const classifierLoss = classifierLearner.learn(() => {
          const logits = classifier.apply(tf.concat([labeled!, x!, bad]), mode("classifier")); // [3m, 10]
          const [ofLabeled, ofUnlabeled, ofBad] = tf.split(logits, 3) as [tf.Tensor, tf.Tensor, tf.Tensor];
          const u = tf.logSumExp(ofUnlabeled, 1); // [m]
          const unsupervised = tf.addN([
            tf.mul(-0.5, tf.mean(u)),
            tf.mul(0.5, tf.mean(tf.softplus(u))),
            tf.mul(0.5, tf.mean(tf.softplus(tf.logSumExp(ofBad, 1)))),
          ]);
          return tf.add(crossEntropy(ofLabeled, labels!), unsupervised) as tf.Scalar;
        }, inputs);
        return { criticLoss, generatorLoss, classifierLoss };
      },
    };
  },
};
