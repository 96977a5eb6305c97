/** Semi-supervised learning on MNIST: one step of D, of G and of C, as the recipe has them. @module */
import { type Mode, tf } from "../../../core/mod.ts";
import { samplingTrick } from "../../../plugins/mixers/sampling-trick/sampling-trick.ts";
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
  peers: true,
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
    const mixer = samplingTrick();
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
        const generated = (n: number, name: string): tf.Tensor =>
          generator.apply(key.fold(name, "z").uniform([n, 100]), mode(name));
        const score = (y: tf.Tensor): tf.Tensor => critic.apply(y, { training: true });

        const fake = mixer.mix(
          ALPHA,
          m,
          (n) => f(generated(n, "fake"), "fake f"),
          (n) => f(tf.slice(x!, 0, n), "pd"),
        );
        const f1 = f(x1!, "x1");
        const f2 = f(x2!, "x2");
        const b = key.fold("b").uniform([m, 1], 0, BETA);
        const pdBar = tf.add(f2, tf.mul(b, tf.sub(f1, f2))); // b·f(x1) + (1 − b)·f(x2)
        const criticLoss = criticLearner.learn(
          () => objective.criticLoss(score, pdBar, fake, key.fold("objective")),
          inputs,
        );
        const generatorLoss = generatorLearner.learn(
          () => objective.generatorLoss(score, f(generated(m, "generator"), "generator f")),
          inputs,
        );

        const bad = generated(m, "bad"); // outside the gradient: a constant to the classifier
        const classifierLoss = classifierLearner.learn(() => {
          const logits = (x: tf.Tensor, name: string): tf.Tensor => classifier.apply(x, mode(name)); // [m, 10]
          const supervised = crossEntropy(logits(labeled!, "labeled"), labels!);
          const u = tf.logSumExp(logits(x!, "unlabeled"), 1); // [m]
          const g = tf.logSumExp(logits(bad, "bad f"), 1); // [m]
          const unsupervised = tf.addN([
            tf.mul(-0.5, tf.mean(u)),
            tf.mul(0.5, tf.mean(tf.softplus(u))),
            tf.mul(0.5, tf.mean(tf.softplus(g))),
          ]);
          return tf.add(supervised, unsupervised) as tf.Scalar;
        }, inputs);
        return { criticLoss, generatorLoss, classifierLoss };
      },
    };
  },
};
