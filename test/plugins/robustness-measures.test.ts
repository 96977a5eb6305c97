/** Measures of robustness: certificates whose exact radii are known, corruptions whose effect is known. */
import t from "tap";
import { type Classifier, Key, transientState } from "../../core/mod.ts";
import { onnxruntime } from "../../plugins/engines/onnxruntime/onnxruntime.ts";
import { corruptions } from "../../plugins/robustness/corruptions/corruptions.ts";
import { disc, gaussian, line, pixelated } from "../../plugins/robustness/corruptions/filters.ts";
import { corrupted, KINDS, type KindName, SEVERITIES } from "../../plugins/robustness/corruptions/kinds.ts";
import type { Finding, RobustnessMeasure } from "../../plugins/robustness/measure.ts";
import { lowerBound, normalQuantile } from "../../plugins/robustness/smoothing/binomial.ts";
import { smoothing } from "../../plugins/robustness/smoothing/smoothing.ts";
import { checkApplication } from "../conformance/application.ts";
import { checkRobustnessMeasure } from "../conformance/robustness-measure.ts";
import { imagesFor, linear } from "../fixtures/linear.ts";
import { close } from "./close.ts";

await onnxruntime().start();

const key = Key.from("robustness measures");
const mean = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((a, b) => a + b, 0) / values.length;

for (const measure of [
  corruptions({ kinds: ["shot-noise", "motion-blur", "pixelate"] }),
  smoothing({ selection: 20, samples: 130 }),
]) {
  t.test(`${measure.name} keeps the contract`, (t) => checkRobustnessMeasure(t, measure));
}

/** What a measure finds of images that a classifier gets right. */
async function found(
  measure: RobustnessMeasure,
  classifier: Classifier,
  rows: readonly (readonly number[])[],
  labels: readonly number[],
): Promise<Finding> {
  const images = {
    values: Float32Array.from(rows.flat()),
    shape: classifier.inputShape,
    rows: labels.map((_, i) => i),
    labels,
  };
  const events = measure.measure({
    ...{ classifier, images, batch: 8, key, state: transientState(), stage: "measure" },
  });
  for (;;) {
    const { done, value } = await events.next();
    if (done) return value;
  }
}

t.test(
  "no certificate of a linear classifier of two reaches beyond its plane, and many draws come near it",
  async (t) => {
    const planes = linear(5, [6], 2);
    const { rows, labels, x, y } = imagesFor(planes, 2, 20);
    const exact = rows.map((row) => planes.distance(row, "l2"));
    const measure = smoothing({
      sigma: 0.5,
      selection: 50,
      samples: 2000,
      alpha: 1e-6,
      images: 20,
      radii: [0.2],
    });
    const { metrics, each, curves } = await found(measure, planes.classifier, rows, labels);
    const { radius, class: said } = each!.columns as Record<string, number[]>;
    const beyond = radius!.filter((r, i) => said![i] === labels[i] && r > exact[i]!);
    t.same(beyond, [], "none is wrong");
    const largest = 0.5 * normalQuantile(1e-6 ** (1 / 2000));
    radius!.forEach((r, i) => {
      // the bound takes off about five deviations of the share of votes
      if (exact[i]! > 0.3) t.ok(r > 0.6 * Math.min(exact[i]!, largest), `radius ${r} of ${exact[i]}`);
    });
    const certified = labels.filter((label, i) => said![i] === label && radius![i]! >= 0.2).length / 20;
    t.equal(metrics["certified@0.2"], certified, "recounted from the images");
    t.ok(metrics["certified@0.2"]! <= metrics.accuracy! && metrics.accuracy! + metrics.abstain! <= 1);
    t.ok(
      curves![0]!.points.every(({ value }, i, all) => i === 0 || value <= all[i - 1]!.value),
      "falls",
    );
    planes.classifier.dispose();
    x.dispose();
    y.dispose();
  },
);

t.test("few draws certify no large radius, and the measure says so", async (t) => {
  const planes = linear(5, [6], 2);
  const { rows, labels, x, y } = imagesFor(planes, 2, 3);
  const { warnings, metrics } = await found(
    smoothing({ sigma: 0.1, samples: 10, selection: 5, radii: [0.05, 0.5] }),
    planes.classifier,
    rows,
    labels,
  );
  t.match(warnings, [
    /10 draws certify no radius above 0\.00\d+ at sigma 0\.1, .* at 0\.05, 0\.5: raise samples or sigma/,
  ]);
  t.equal(metrics["certified@0.5"], 0);
  planes.classifier.dispose();
  x.dispose();
  y.dispose();
});

t.test("bounds on a probability are those of Clopper and Pearson", (t) => {
  for (const n of [1, 10, 1000, 100_000]) {
    close(t, lowerBound(n, n, 0.001), 0.001 ** (1 / n), "always: α^(1/n)");
    close(t, lowerBound(1, n, 0.05), 1 - 0.95 ** (1 / n), "once: 1 − (1 − α)^(1/n)");
    t.equal(lowerBound(0, n, 0.05), 0);
  }
  close(t, normalQuantile(0.975), 1.959963984540054, "97.5 %");
  t.end();
});

/** Coloured noise on a slope. */
const size = [12, 10, 3] as const;
const picture = {
  size,
  values: key
    .fold("picture")
    .uniformArray(360)
    .map((x, i) => 0.2 + 0.3 * x + (0.3 * i) / 360),
};
const flat = { size, values: new Float32Array(360).fill(0.4) };
const apart = (a: Float32Array, b: Float32Array): number => Math.hypot(...a.map((x, i) => x - b[i]!));

for (const name of Object.keys(KINDS) as KindName[]) {
  t.test(`${name} is a function of the key, keeps to the range, and grows`, (t) => {
    const all = SEVERITIES.map((severity) => corrupted(picture, name, severity, key));
    t.same(corrupted(picture, name, 3, key), all[2]);
    t.ok(all.flatMap((values) => [...values]).every((x) => x >= 0 && x <= 1));
    const distances = all.map((values) => apart(values, picture.values));
    t.ok(distances[4]! > distances[0]! && distances[0]! > 0, `${distances}`);
    const still = apart(corrupted(flat, name, 5, key), flat.values);
    const moves = name.endsWith("noise") || name === "brightness";
    t.ok(moves ? still > 0.1 : still < 1e-4, `a grey image moves by ${still}`);
    t.end();
  });
}

t.test("noises have the deviations that they say", (t) => {
  const grey = { size: [100, 100, 1] as const, values: new Float32Array(10_000).fill(0.5) };
  const deviation = (name: KindName): number => {
    const values = corrupted(grey, name, 5, key);
    const middle = mean(values);
    t.ok(Math.abs(middle - 0.5) < 0.01, `${name}: mean ${middle}`);
    return Math.sqrt(mean(values.map((x) => (x - middle) ** 2)));
  };
  for (const [name, wanted] of [
    ["gaussian-noise", 0.1],
    ["speckle-noise", 0.1],
    ["shot-noise", Math.sqrt(0.5 / 50)],
    ["impulse-noise", Math.sqrt(0.07) / 2],
  ] as const) {
    const found = deviation(name);
    t.ok(Math.abs(found / wanted - 1) < 0.05, `${name}: deviation ${found}, of ${wanted}`);
  }
  t.end();
});

t.test("blurs weigh 1 in all, brightness keeps the hue, and a mosaic of one box is the mean", (t) => {
  for (const weights of [...gaussian(0.8), disc(1.5, 0.1), disc(0.3, 0.4), disc(6, 0.5), line(9, 2.5, 0.5)]) {
    close(
      t,
      weights.reduce((sum, { weight }) => sum + weight, 0),
      1,
      "sum",
    );
    t.ok(weights.length > 1 && weights.every(({ weight }) => weight > 0));
  }
  const pixel = { size: [1, 1, 3] as const, values: Float32Array.of(0.2, 0.4, 0.1) };
  corrupted(pixel, "brightness", 3, key).forEach((x, c) => {
    close(t, x, [0.275, 0.55, 0.1375][c]!, "half as bright again");
  });
  const one = pixelated(picture, 0.1);
  close(t, one[0]!, mean(picture.values.filter((_, i) => i % 3 === 0)), "red");
  t.equal(new Set(one).size, 3, "a colour");
  t.end();
});

t.test("corruptions refuse what is no picture", async (t) => {
  const planes = linear(1, [6], 2);
  t.throws(() => corruptions().check!(planes.classifier), {
    name: "InputError",
    message:
      'corruptions are of images [height, width] or [height, width, channels], but classifier "linear" takes [6]',
  });
  planes.classifier.dispose();
});

const values = Array.from({ length: 24 }, (_, i) => {
  const noise = key.fold("pictures", i).uniformArray(36, 0, 0.5);
  return Array.from({ length: 6 }, (_, r) =>
    Array.from({ length: 6 }, (_, c) => [noise[6 * r + c]! + (c < 3 === (i % 2 === 0) ? 0.5 : 0)]),
  );
});
const data = { use: "arrays", values, labels: values.map((_, i) => i % 2), range: [0, 1] };

t.test("an evaluation with measures can be interrupted, and writes what they found", async (t) => {
  const application = {
    use: "evaluate-robustness",
    ...{ data, n: 20, batch: 8, attacks: ["fgsm"], epsilons: { linf: [0.1] }, probes: false, keep: "none" },
    classifiers: {
      net: {
        ...{ use: "trained", data, network: { use: "mlp", hidden: [8] }, epochs: 30, batch: 12 },
        optimizer: { use: "adam", learningRate: 0.02 },
      },
    },
    measures: [
      { use: "corruptions", kinds: ["contrast", "impulse-noise"] },
      { use: "smoothing", selection: 10, samples: 120, images: 12 },
      { use: "smoothing", selection: 10, samples: 20, images: 3 },
    ],
  };
  const expect = {
    "net.corruptions.mean": { atLeast: 0.5 },
    "net.corruptions.contrast": { atLeast: 0.5 },
    "net.smoothing-0.25.certified@0.25": { atLeast: 0.2 },
    "net.smoothing-0.25-2.abstain": { atMost: 1 },
  };
  const scenario = JSON.stringify({ name: "measures", engine: "cpu", seed: 1, application, expect });
  await checkApplication(t, { scenario, interruptions: 4 });
});
