/** DSGAN for adversarial training on CIFAR-10: one step of the critic and one of the generator. @module */
import { tf } from "../../../core/mod.ts";
import { samplingTrick } from "../../../plugins/mixers/sampling-trick/sampling-trick.ts";
import { featureCritic } from "../../../plugins/networks/feature-critic/feature-critic.ts";
import { imageClassifier } from "../../../plugins/networks/image-classifier/image-classifier.ts";
import { imageGenerator } from "../../../plugins/networks/image-generator/image-generator.ts";
import { wganGp } from "../../../plugins/objectives/wgan-gp/wgan-gp.ts";
import { adam } from "../../../plugins/optimizers/adam/adam.ts";
import { type BenchCase, learner, numbersOf, type Workload } from "../workload.ts";

const ALPHA = 0.8;
/** Range of the uniform noise that makes pdBar of pd. */
const R = 0.03;

export const cifarGan: BenchCase = {
  name: "cifar-gan",
  summary:
    "CIFAR-10 step of Table 5's generator and critic, in the features of Table 7's classifier, batch 100",
  batch: 100,
  engines: ["auto"],
  peers: ["pytorch", "pytorch-channels-last", "pytorch-compiled", "jax"],
  build(key, m, small): Workload {
    const image = [32, 32, 3];
    const generator = imageGenerator({ channels: small ? 40 : 512 }).build(
      { input: [100], output: image, range: [-0.5, 0.5] },
      key.fold("generator"),
    );
    const classifier = imageClassifier({ filters: small ? 8 : 96, dropout: 0 }).build(
      { input: image, output: [10] },
      key.fold("classifier"),
    );
    const { features } = classifier;
    const critic = featureCritic().build({ input: features!.shape, output: [1] }, key.fold("critic"));
    const x = key.fold("x").uniform([m, ...image], -0.5, 0.5);
    classifier.initialize!(x, key.fold("initialize"));

    const objective = wganGp({ lambda: 10 });
    const mixer = samplingTrick();
    const optimizer = adam({ learningRate: 3e-4, decayFrom: 1, beta1: 0.5, beta2: 0.9, epsilon: 1e-8 });
    const criticLearner = learner("critic", critic, optimizer);
    const generatorLearner = learner("generator", generator, optimizer);
    const f = (x: tf.Tensor): tf.Tensor => features!.of(x, { training: false }); // [n, 192]
    const score = (y: tf.Tensor): tf.Tensor => critic.apply(y, { training: true });

    return {
      networks: { generator, critic, classifier },
      data: { x },
      numbers: numbersOf(criticLearner, generatorLearner),
      step(inputs, key) {
        const { x } = inputs;
        const generated = (n: number, name: string): tf.Tensor =>
          generator.apply(key.fold(name, "z").uniform([n, 100]), { training: true });
        const fake = mixer.mix(
          ALPHA,
          m,
          (n) => f(generated(n, "fake")),
          (n) => f(tf.slice(x!, 0, n)),
        );
        const pdBar = f(tf.add(x!, key.fold("r").uniform(x!.shape, -R, R)));
        const criticLoss = criticLearner.learn(
          () => objective.criticLoss(score, pdBar, fake, key.fold("objective")),
          inputs,
        );
        const generatorLoss = generatorLearner.learn(
          () => objective.generatorLoss(score, f(generated(m, "generator"))),
          inputs,
        );
        return { criticLoss, generatorLoss };
      },
    };
  },
};
