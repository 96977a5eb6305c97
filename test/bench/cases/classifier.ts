/** Training steps of Table 7's classifier. @module */
import { imageClassifier } from "../../../plugins/networks/image-classifier/image-classifier.ts";
import { adam } from "../../../plugins/optimizers/adam/adam.ts";
import {
  type BenchCase,
  crossEntropy,
  labelsByTurns,
  learner,
  numbersOf,
  type Workload,
} from "../workload.ts";

function classifierStep(side: number, filters: number): BenchCase["build"] {
  return (key, m, small): Workload => {
    const image = [side, side, 3];
    const classifier = imageClassifier({ filters: small ? 8 : filters, dropout: 0 }).build(
      { input: image, output: [10] },
      key.fold("classifier"),
    );
    const x = key.fold("x").uniform([m, ...image], -0.5, 0.5);
    classifier.initialize!(x, key.fold("initialize"));
    const trained = learner(
      "classifier",
      classifier,
      adam({ learningRate: 1e-3, decayFrom: 1, beta1: 0.5, beta2: 0.9999, epsilon: 1e-8 }),
    );
    return {
      networks: { classifier },
      data: { x, labels: labelsByTurns(m, 10) },
      numbers: numbersOf(trained),
      step(inputs, key) {
        const { x, labels } = inputs;
        const mode = { training: true, key };
        return {
          classifierLoss: trained.learn(() => crossEntropy(classifier.apply(x!, mode), labels!), inputs),
        };
      },
    };
  };
}

export const cifarClassifier: BenchCase = {
  name: "cifar-classifier",
  summary: "CIFAR-10 training step of Table 7's classifier, batch 100",
  batch: 100,
  engines: ["auto"],
  peers: ["pytorch", "pytorch-channels-last", "pytorch-compiled", "jax"],
  build: classifierStep(32, 96),
};

export const enginesConv: BenchCase = {
  name: "engines-conv",
  summary: "engines against each other: Table 7's classifier, 16 filters, 16 × 16 pixels, batch 16",
  batch: 16,
  engines: "all",
  peers: [],
  build: classifierStep(16, 16),
};
