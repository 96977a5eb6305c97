/** The members of AutoAttack one by one, and in ℓ1, on a multilayer perceptron of MNIST, ours beside its own code. */
import t from "tap";
import { mnist } from "../../plugins/datasets/mnist/mnist.ts";
import { onnxruntime } from "../../plugins/engines/onnxruntime/onnxruntime.ts";
import { mlp } from "../../plugins/networks/mlp/mlp.ts";
import { compare, peersMissing, trained } from "./compare.ts";

await onnxruntime().start();

t.test(
  "targeted APGD, FAB in all norms, Square and AutoAttack in ℓ1 do what AutoAttack's own code does",
  { skip: peersMissing ?? false },
  async (t) => {
    const data = await mnist({ split: "train", range: "unit" });
    const plan = mlp({ hidden: [64], activation: "relu", spectralNorm: false });
    await compare(t, {
      network: trained(plan, data, 600, 0),
      mean: 0,
      test: await data.heldOut!(),
      ...{ linf: [0.03, 0.07], l2: [0.5, 1.2], l1: [3, 6] },
      ...{ images: 100, steps: 20, queries: 100, targets: 3, seeds: 4 },
      build: { mlp: [784, 64, 10] },
      about: "members",
    });
  },
);
