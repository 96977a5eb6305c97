/** Novelty detection: its scorers keep the contract, its rows are used as they should be, and a run can be resumed. */
import t from "tap";
import {
  type Application,
  type Component,
  fromArrays,
  InputError,
  Key,
  Networks,
  Objectives,
  refsOf,
  tf,
} from "../../core/mod.ts";
import { mlp } from "../../plugins/networks/mlp/mlp.ts";
import { noveltyDecoder, noveltyEncoder } from "../../plugins/networks/novelty-vae/novelty-vae.ts";
import boundaryPlugin from "../../plugins/novelty/boundary/boundary.ts";
import {
  noveltyDetection,
  reconstructionError,
  type Scorer,
  Scorers,
  vaeLoss,
} from "../../plugins/novelty/mod.ts";
import noveltyPlugin from "../../plugins/novelty/novelty-detection/novelty-detection.ts";
import { rowsOf } from "../../plugins/novelty/novelty-detection/rows.ts";
import { anchored } from "../../plugins/novelty/vae/game.ts";
import { tuningLoss } from "../../plugins/novelty/vae/tuning.ts";
import vaePlugin from "../../plugins/novelty/vae/vae.ts";
import { checkApplication } from "../conformance/application.ts";
import { contextFor, runScenario } from "../conformance/context.ts";
import { checkNetwork } from "../conformance/network.ts";
import { checkOptions } from "../conformance/options.ts";
import { checkScorer } from "../conformance/scorer.ts";
import { close } from "./close.ts";

const context = await contextFor();
const small = { use: "mlp", hidden: [8] };
const few = { epochs: 2 };
const VAE = {
  ...{ use: "vae", code: 2, encoder: small, decoder: small, m: 10, autoencoder: few, fineTuning: few },
  game: { epochs: 2, k: 1, generator: { use: "novelty-generator", hidden: [8] }, critic: small },
  controls: ["untuned", "retrained"],
};
const BOUNDARY = {
  ...{ use: "boundary", steps: 4, k: 1, m: 10, generator: small, critic: small, classifier: small, fit: few },
  ...{ latent: { size: 2 }, autoencoder: { code: 2, encoder: small, decoder: small, fit: few } },
};

t.test("every scorer keeps the contract", async (t) => {
  const variants = [VAE, BOUNDARY, { ...BOUNDARY, space: "code" }];
  t.same(
    [...new Set(variants.map(({ use }) => use))].sort(),
    context
      .all(Scorers)
      .map(({ name }) => name)
      .sort(),
  );
  for (const ref of variants) await checkScorer(t, await context.create(Scorers, ref));
  await checkScorer(t, await context.create(Scorers, VAE), { shape: [4, 4, 1] });
  for (const plugin of [...vaePlugin, ...boundaryPlugin, noveltyPlugin] as Component[])
    checkOptions(t, plugin, refsOf(context.registry));
});

t.test("networks of scorers keep the contract of networks", async (t) => {
  const ports = { input: [3], output: [1] };
  const tanh = { use: "mlp", hidden: [5], activation: "tanh" };
  for (const ref of [
    { use: "reconstruction-error", encoder: tanh, decoder: tanh, code: 2 },
    { use: "coded-classifier", encoder: tanh, classifier: tanh, code: 2 },
  ]) {
    await checkNetwork(t, await context.create(Networks, ref), ports);
  }
  const image = { input: [6, 6, 1], output: [4] };
  await checkNetwork(t, await context.create(Networks, { use: "novelty-encoder", filters: [2, 3] }), image);
  const back = { input: [4], output: [6, 5, 1], range: [-1, 1] } as const;
  await checkNetwork(t, await context.create(Networks, { use: "novelty-decoder", filters: [2, 3] }), back);
  await checkNetwork(t, await context.create(Networks, { use: "novelty-generator", hidden: [5] }), {
    ...{ input: [3], output: [3] },
  });
});

/** An autoencoder whose encoder and decoder are given matrices. */
function linear(): ReturnType<ReturnType<typeof reconstructionError>["build"]> {
  const plan = reconstructionError({ encoder: mlp({ hidden: [] }), decoder: mlp({ hidden: [] }), code: 1 });
  const net = plan.build({ input: [2], output: [1] }, Key.from(1));
  const set = (name: string, values: number[][]): void =>
    void net.parameters.get(name)!.assign(tf.tensor2d(values));
  set("encoder/0/weight", [
    [1, 0],
    [0, 0],
  ]); // mean: the first value; log-variance: 0
  set("decoder/0/weight", [[1, 0]]);
  return net;
}

t.test("the score is the mean squared error of the mean code's reconstruction", async (t) => {
  const net = linear();
  t.same(
    tf.tidy(() =>
      net
        .apply(
          tf.tensor2d([
            [3, 2],
            [5, 0],
          ]),
          { training: false },
        )
        .arraySync(),
    ),
    [[2], [0]],
  );
  net.dispose();
});

t.test("vaeLoss() is reconstruction plus the weighted divergence, by the closed form", async (t) => {
  const net = linear();
  const x = tf.tensor2d([
    [3, 2],
    [1, 4],
  ]);
  const y = tf.ones([2, 1]) as tf.Tensor2D;
  const { loss, reconstruction, divergence } = vaeLoss(net, 0.1)({ x, y }, Key.from(2)) as Record<
    string,
    tf.Scalar
  >;
  const [l, r, d] = [loss!, reconstruction!, divergence!].map((term) => term.dataSync()[0]!);
  close(t, d!, (9 + 1) / 2 / 2, "KL(N(μ, 1) ‖ N(0, 1)) = μ²/2, over rows");
  close(t, l!, r! + 0.1 * d!, "the sum");
  t.ok(r! >= (4 + 16) / 4, "what the decoder lacks, and the code's noise");
  net.dispose();
});

t.test("tuningLoss() pushes generated codes away up to the margin", async (t) => {
  const net = linear();
  net.parameters.get("encoder/0/bias")!.assign(tf.tensor1d([0, -200])); // no noise
  const x = tf.tensor2d([
    [3, 0],
    [1, 0],
  ]);
  const y = tf.ones([2, 1]) as tf.Tensor2D;
  const generated = tf.tensor2d([[4], [9]]); // errors of ½ and 32
  const { loss } = tuningLoss(net, { weight: 0.5, margin: 1.5 })({ x, y, generated }, Key.from(3));
  close(t, loss.dataSync()[0]!, 0.5 * ((1.5 - 0.5 + 0) / 2), "½·mean max(0, 1.5 − error)");
  const alone = tuningLoss(net, { weight: 0.5, margin: 1.5 })({ x, y, generated: undefined }, Key.from(3));
  close(t, alone.loss.dataSync()[0]!, 0, "without a generator, the data's term alone");
  net.dispose();
});

t.test("generated codes leave the running statistics of the decoder to the data", async (t) => {
  const plan = reconstructionError({
    encoder: noveltyEncoder({ filters: [2] }),
    decoder: noveltyDecoder({ filters: [2] }),
    code: 2,
  });
  const statistics = (generated: tf.Tensor | undefined): number[] => {
    const net = plan.build({ input: [4, 4, 1], output: [1] }, Key.from(5));
    const x = Key.from(6).uniform([4, 4, 4, 1]);
    const y = tf.ones([4, 1]) as tf.Tensor2D;
    tuningLoss(net, { weight: 0.5, margin: 1.5 })({ x, y, generated }, Key.from(7));
    const values = [...net.decoder.state.values()].flatMap((variable) => [...variable.dataSync()]);
    net.dispose();
    return values;
  };
  const alone = statistics(undefined);
  t.ok(
    alone.some((value) => value !== 0 && value !== 1),
    "data move them",
  );
  t.same(statistics(tf.fill([4, 2], 9)), alone);
});

t.test("anchored() adds the distance that codes were moved", async (t) => {
  const objective = await context.create(Objectives, "wgan-gp");
  const critic = (x: tf.Tensor): tf.Tensor => tf.sum(x, 1, true);
  const [f, moved] = [tf.tensor2d([[1, 0]]), tf.tensor2d([[3, 0]])];
  const loss = anchored(objective, 0.8).generatorLoss(critic, moved, f);
  close(t, loss.dataSync()[0]!, -3 + 0.8 * 2, "−D(G(f)) + .8·MSE");
  t.throws(() => anchored(objective, 0.8).generatorLoss(critic, moved), /not given/);
});

const scorer: Scorer = { name: "none", learn: () => Promise.reject(new Error()) as never };
const parts = { scorer, normal: undefined, rows: undefined, test: undefined, painter: undefined };

t.test("rowsOf() splits normal rows, and standardises a table by those to learn from alone", async (t) => {
  const labels = Uint8Array.from({ length: 30 }, (_, i) => i % 3);
  const values = Float32Array.from({ length: 30 }, (_, i) => i);
  const plain = fromArrays({ name: "rows", values, shape: [1], labels });
  const asked: number[][] = [];
  const data = {
    ...plain,
    standardisedBy(indices: ArrayLike<number>) {
      asked.push(Array.from(indices));
      return {
        ...plain,
        name: "standardised",
        heldOut: async () => fromArrays({ name: "test", values, shape: [1] }),
      };
    },
  };
  const given = { ...parts, data, normal: [1], holdOut: 0.4, falseAlarms: 0.05, test: plain };
  const rows = await rowsOf(given, Key.from(4));
  t.same([rows.learn.size, rows.heldOut!.size], [6, 4]);
  const all = [
    ...rows.learn.rows([0, 1, 2, 3, 4, 5]).dataSync(),
    ...rows.heldOut!.rows([0, 1, 2, 3]).dataSync(),
  ];
  t.same(
    all.sort((a, b) => a - b),
    [1, 4, 7, 10, 13, 16, 19, 22, 25, 28],
    "each normal row is used once, no other",
  );
  t.same(asked, [[...rows.learn.rows([0, 1, 2, 3, 4, 5]).dataSync()]], "row i has the value i");
  t.equal(rows.test!.name, "test", "held-out rows as the statistics of those rows have them");
  const used = await rowsOf({ ...given, rows: 5 }, Key.from(4));
  t.same([used.learn.size, used.heldOut!.size], [3, 2]);
  await t.rejects(rowsOf({ ...given, rows: 11 }, Key.from(4)), InputError);
  t.equal((await rowsOf({ ...given, holdOut: 0 }, Key.from(4))).heldOut, undefined);
});

t.test("novelty-detection refuses classes where there are no labels", async (t) => {
  const data = fromArrays({ name: "rows", values: new Float32Array(4), shape: [1] });
  const given = { ...parts, data, holdOut: 0.2, falseAlarms: 0.05 };
  t.throws(() => noveltyDetection({ ...given, normal: [1] }), /has no labels/);
  await t.rejects(
    runScenario("application: { use: novelty-detection, data: ring }").then(({ result }) => {
      if (result.status === "failed") throw new Error(result.error!.message);
    }),
    /dataset "ring" is a formula/,
  );
});

t.test(
  "novelty-detection says why there is no auroc where classes are named and no rows held back",
  async (t) => {
    const labels = Uint8Array.from({ length: 40 }, (_, i) => i % 2);
    const data = fromArrays({ name: "rows", values: new Float32Array(40), shape: [1], labels });
    const given = { ...parts, data, normal: [1], holdOut: 0.2, falseAlarms: 0.4 };
    const first = async (test: typeof data | undefined) => {
      const learn = async function* () {
        yield { type: "stage", stage: "learn" };
      };
      const scorer = { name: "scorer", learn } as unknown as typeof parts.scorer;
      const context = { key: Key.from(1) } as Parameters<Application["run"]>[0];
      return (
        await noveltyDetection({ ...given, scorer, test })
          .run(context)
          [Symbol.asyncIterator]()
          .next()
      ).value;
    };
    t.match(await first(undefined), { type: "warning", message: /"rows" holds back no rows .* no auroc/ });
    t.match(await first(data), { type: "stage" });
  },
);

const scenario = (ref: object): string =>
  JSON.stringify({
    name: "novelty",
    application: {
      use: "novelty-detection",
      data: { use: "moons", size: 60, noise: 0.1 },
      normal: [0],
      scorer: ref,
    },
  }).replace('"scorer"', '"falseAlarms":0.2,"scorer"');

for (const ref of [VAE, { ...BOUNDARY, space: "code" }, BOUNDARY]) {
  t.test(
    `novelty-detection by ${ref.use} goes on after an interruption as if there had been none`,
    async (t) => {
      await checkApplication(t, { scenario: scenario(ref), interruptions: 6 });
    },
  );
}

t.test("too few held-out rows are refused before anything is trained", async (t) => {
  const text = scenario({ ...VAE, autoencoder: { epochs: 1_000_000 } });
  for (const share of ["0.01", "0.1"]) {
    const { result } = await runScenario(text.replace('"falseAlarms":0.2', `"falseAlarms":${share}`));
    t.match(result.error!.message, /6 held-out rows cannot tell a threshold/);
  }
});

t.test("novelty-detection tells a row from another moon, and what its threshold comes to", async (t) => {
  const { result } = await runScenario(scenario({ ...VAE, autoencoder: { epochs: 40 }, controls: [] }));
  const { auroc, averagePrecision, threshold, learntFrom, heldOut } = result.metrics as Record<
    string,
    number
  >;
  t.ok(auroc! > 0.7 && averagePrecision! > 0.7, JSON.stringify(result.metrics));
  t.ok(threshold! > 0);
  t.same([learntFrom, heldOut], [24, 6]);
});
