/**
 * Attacks on networks with weights as they are drawn. The peers are those of foolbox.
 *
 * @module
 */
import type { Attack, Network, tf } from "../../../core/mod.ts";
import { deepfool } from "../../../plugins/attacks/deepfool/deepfool.ts";
import { pgd } from "../../../plugins/attacks/pgd/pgd.ts";
import { imageClassifier } from "../../../plugins/networks/image-classifier/image-classifier.ts";
import { mlp } from "../../../plugins/networks/mlp/mlp.ts";
import { type BenchCase, labelsByTurns, type Workload } from "../workload.ts";
import { attackOn } from "./attack-on.ts";

const EPSILON = 0.03;
const RANGE = [-0.5, 0.5] as const;

const pgd40 = pgd({ steps: 40, relativeStep: 1 / 30, randomStart: false, earlyStop: false });
const fool = deepfool();

function workload(attack: Attack, network: Network, x: tf.Tensor): Workload {
  return attackOn({
    attack,
    network,
    x,
    labels: labelsByTurns(x.shape[0]!, 10),
    range: RANGE,
    epsilon: EPSILON,
  });
}

/** Table 7's classifier. */
function onImages(attack: Attack, filters: number): BenchCase["build"] {
  return (key, m, small) => {
    const image = [32, 32, 3];
    const network = imageClassifier({ filters: small ? 8 : filters, dropout: 0 }).build(
      { input: image, output: [10] },
      key.fold("classifier"),
    );
    const x = key.fold("x").uniform([m, ...image], -0.5, 0.5);
    network.initialize!(x, key.fold("initialize"));
    return workload(attack, network, x);
  };
}

/** A multilayer perceptron of MNIST's size. */
function onRows(attack: Attack): BenchCase["build"] {
  return (key, m) => {
    const plan = mlp({ hidden: [256, 256], activation: "relu", spectralNorm: false });
    const network = plan.build({ input: [784], output: [10] }, key.fold("classifier"));
    return workload(attack, network, key.fold("x").uniform([m, 784], -0.5, 0.5));
  };
}

const common = { batch: 100, engines: ["auto"] } as const;

export const attackCases: readonly BenchCase[] = [
  {
    ...common,
    name: "cifar-pgd",
    summary:
      "PGD-40 ℓ∞ on Table 7's classifier, batch 100, beside foolbox; the time is that of the whole attack",
    peers: ["pytorch", "pytorch-channels-last", "pytorch-compiled", "jax"],
    build: onImages(pgd40, 96),
  },
  {
    ...common,
    name: "cifar-deepfool",
    summary: "DeepFool ℓ2 on Table 7's classifier with 32 filters, batch 100, beside foolbox",
    peers: ["pytorch", "pytorch-channels-last"],
    build: onImages(fool, 32),
  },
  {
    ...common,
    name: "mnist-deepfool",
    summary: "DeepFool ℓ2 on an MLP of 784-256-256-10, batch 100, beside foolbox",
    peers: ["pytorch"],
    build: onRows(fool),
  },
  {
    ...common,
    name: "mnist-deepfool-loop",
    batch: 500,
    summary: "DeepFool ℓ2 on that MLP, 500 images at once, beside foolbox taking one at a time",
    peers: ["pytorch"],
    build: onRows(fool),
  },
];
