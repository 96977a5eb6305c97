/** WGAN-GP in the plane: one step of the critic and one of the generator. @module */
import { tf } from "../../../core/mod.ts";
import { samplingTrick } from "../../../plugins/mixers/sampling-trick/sampling-trick.ts";
import { mlp } from "../../../plugins/networks/mlp/mlp.ts";
import { wganGp } from "../../../plugins/objectives/wgan-gp/wgan-gp.ts";
import { adam } from "../../../plugins/optimizers/adam/adam.ts";
import { type BenchCase, learner, numbersOf, type Workload } from "../workload.ts";

const ALPHA = 0.5;

export const toyWganGp: BenchCase = {
  name: "toy-wgan-gp",
  summary: "WGAN-GP step in the plane, 3 × 128 hidden, batch 256",
  batch: 256,
  engines: ["auto"],
  peers: ["pytorch", "jax"],
  build(key, m): Workload {
    const network = mlp({ hidden: [128, 128, 128], activation: "relu", spectralNorm: false });
    const generator = network.build({ input: [2], output: [2] }, key.fold("generator"));
    const critic = network.build({ input: [2], output: [1] }, key.fold("critic"));
    const objective = wganGp({ lambda: 0.1 });
    const mixer = samplingTrick();
    const optimizer = adam({ learningRate: 1e-3, decayFrom: 1, beta1: 0.5, beta2: 0.9, epsilon: 1e-8 });
    const criticLearner = learner("critic", critic, optimizer);
    const generatorLearner = learner("generator", generator, optimizer);
    const mode = { training: true };
    return {
      networks: { generator, critic },
      data: { pd: key.fold("pd").normal([m, 2]), pdBar: key.fold("pdBar").normal([m, 2], 0, 2) },
      numbers: numbersOf(criticLearner, generatorLearner),
      step(inputs, key) {
        const { pd, pdBar } = inputs;
        const fake = mixer.mix(
          ALPHA,
          m,
          (n) => generator.apply(key.fold("critic z").normal([n, 2]), mode),
          (n) => tf.slice(pd!, 0, n),
        );
        const score = (x: tf.Tensor): tf.Tensor => critic.apply(x, mode);
        const criticLoss = criticLearner.learn(
          () => objective.criticLoss(score, pdBar!, fake, key.fold("objective")),
          inputs,
        );
        const z = key.fold("z").normal([m, 2]);
        const generatorLoss = generatorLearner.learn(
          () => objective.generatorLoss(score, generator.apply(z, mode)),
          inputs,
        );
        return { criticLoss, generatorLoss };
      },
    };
  },
};
