/** Attacks on a small convolutional network of CIFAR-10, ours beside the peers'. */
import t from "tap";
import { onnxruntime } from "../../plugins/engines/onnxruntime/onnxruntime.ts";
import { imageClassifier } from "../../plugins/networks/image-classifier/image-classifier.ts";
import { cifar, cifarMissing } from "./cifar.ts";
import { compare, peersMissing, trained } from "./compare.ts";

await onnxruntime().start();

t.test(
  "attacks do on a convolutional network of CIFAR-10 what those of other libraries do",
  { skip: peersMissing ?? cifarMissing() ?? false },
  async (t) => {
    const filters = 4;
    await compare(t, {
      network: trained(imageClassifier({ filters, dropout: 0 }), cifar(1), 500, 0.5),
      mean: 0.5,
      test: cifar("test"),
      linf: [0.005, 0.01],
      l2: [0.1, 0.2],
      steps: 10,
      queries: 30,
      targets: 3,
      seeds: 2,
      build: { filters },
    });
  },
);
