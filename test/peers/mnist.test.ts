/** Attacks on a multilayer perceptron of MNIST, ours beside the peers'. */
import t from "tap";
import { mnist } from "../../plugins/datasets/mnist/mnist.ts";
import { onnxruntime } from "../../plugins/engines/onnxruntime/onnxruntime.ts";
import { mlp } from "../../plugins/networks/mlp/mlp.ts";
import { compare, peersMissing, trained } from "./compare.ts";

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
      steps: 20,
      queries: 100,
      seeds: 4,
      build: { mlp: [784, 64, 10] },
    });
  },
);
