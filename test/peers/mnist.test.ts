/** Attacks on a multilayer perceptron of MNIST, ours beside the peers'. */
import t from "tap";
import { tf } from "../../core/mod.ts";
import { mnist } from "../../plugins/datasets/mnist/mnist.ts";
import { onnxruntime } from "../../plugins/engines/onnxruntime/onnxruntime.ts";
import { mlp } from "../../plugins/networks/mlp/mlp.ts";
import { compare, peersMissing, rate, trained } from "./compare.ts";

await onnxruntime().start();

t.test(
  "attacks do on an MLP of MNIST what those of other libraries do",
  { skip: peersMissing ?? false },
  async (t) => {
    const data = await mnist({ split: "train", range: "unit" });
    const plan = mlp({ hidden: [64], activation: "relu", spectralNorm: false });
    await compare(t, {
      network: trained(plan, data, 600, 0),
      mean: 0,
      test: await data.heldOut!(),
      linf: [0.03, 0.07],
      l2: [0.5, 1.2],
      l1: [3, 6],
      steps: 20,
      queries: 100,
      targets: 3,
      seeds: 4,
      build: { mlp: [784, 64, 10] },
    });
  },
);

/**
 * Logits so many times as large: the same predictions, surer. Many lie 16.6 apart, where float32 rounds the probability
 * to 1; few lie 36.7 apart, where float64 does.
 */
const SURER = 4;

t.test(
  "FGSM on the cross-entropy is as weak as others' where float32 rounds it, and on the log-odds as strong as theirs in float64",
  { skip: peersMissing ?? false },
  async (t) => {
    const data = await mnist({ split: "train", range: "unit" });
    const plan = mlp({ hidden: [64], activation: "relu", spectralNorm: false });
    const network = trained(plan, data, 600, 0);
    const last = [...network.parameters].slice(-2); // weights and biases of the output layer
    t.same(
      last.map(([, { shape }]) => shape),
      [[64, 10], [10]],
    );
    for (const [, variable] of last) tf.tidy(() => void variable.assign(tf.mul(variable, SURER)));
    const linf = [0.07, 0.08];
    const found = await compare(t, {
      network,
      mean: 0,
      test: await data.heldOut!(),
      ...{ linf, l2: [], steps: 1, queries: 1, targets: 1, seeds: 1 },
      build: { mlp: [784, 64, 10] },
      about: "rounding",
    });
    for (const epsilon of linf) {
      const [rounded, exact] = ["fgsm-linf", "fgsm-log-odds-linf"].map((attack) =>
        rate((found.get(attack) as Record<string, boolean[]>)[epsilon]!),
      );
      t.ok(exact! > rounded! + 10, `at ${epsilon} FGSM fools ${rounded} % in float32, ${exact} % unrounded`);
    }
  },
);
