/** The suites for plugin authors fail where a contract is broken: each is run on parts with one fault. */
import {
  type GanObjective,
  Key,
  type Mixer,
  type Network,
  type NetworkPlan,
  type Optimizer,
  type OptimizerRun,
  type Search,
  type SearchHistory,
  type Space,
  tf,
} from "../../core/mod.ts";
import { samplingTrick } from "../../plugins/mixers/sampling-trick/sampling-trick.ts";
import { weighted } from "../../plugins/mixers/weighted/weighted.ts";
import { mlp } from "../../plugins/networks/mlp/mlp.ts";
import { wgan } from "../../plugins/objectives/wgan/wgan.ts";
import { adam } from "../../plugins/optimizers/adam/adam.ts";
import { asha } from "../../plugins/searches/asha/asha.ts";
import { nextDrawn } from "../../plugins/searches/random/random.ts";
import { checkMixer } from "../conformance/mixer.ts";
import { checkNetwork } from "../conformance/network.ts";
import { checkObjective } from "../conformance/objective.ts";
import { checkOptimizer } from "../conformance/optimizer.ts";
import { checkSearch } from "../conformance/search.ts";
import { faults } from "./faults.ts";

await tf.setBackend("cpu");
await tf.ready();

const objective = wgan({ clip: 0.5 });
const spoilt =
  (parts: Partial<GanObjective>): (() => GanObjective) =>
  () => ({ ...objective, ...parts });
let calls = 0;

faults("checkObjective()", objective, checkObjective, {
  "a loss that is no scalar": [
    spoilt({ generatorLoss: (critic, x) => critic(x) as tf.Scalar }),
    /generatorLoss is a scalar/,
  ],
  "a loss that is not finite": [
    spoilt({ generatorLoss: (critic, x) => tf.neg(tf.mean(tf.log(critic(x)))) }),
    /generatorLoss is finite/,
  ],
  "a loss that overflows": [
    spoilt({ generatorLoss: (critic, x) => tf.mean(tf.exp(critic(x))) }),
    /1000 times as large/,
  ],
  "a gradient of the wrong sign": [
    spoilt({
      generatorLoss(critic, x) {
        const loss = tf.mean(critic(x));
        return tf.sub(2 * loss.dataSync()[0]!, loss);
      },
    }),
    /generatorLoss: a short step against its gradient lowers it/,
  ],
  "a loss without a gradient": [
    spoilt({ generatorLoss: (critic, x) => tf.mean(tf.sign(critic(x))) }),
    /generatorLoss: it has a gradient/,
  ],
  "weights that are ignored": [
    spoilt({
      criticLoss: (critic, real, fake) =>
        tf.sub(tf.mean(critic(tf.concat(fake.map(({ x }) => x)))), tf.mean(critic(real))),
    }),
    /other weights, another loss/,
  ],
  "weights that are squared": [
    spoilt({
      criticLoss: (critic, real, fake) =>
        tf.sub(
          tf.addN(fake.map(({ weight, x }) => tf.mul(weight ** 2, tf.mean(critic(x))))),
          tf.mean(critic(real)),
        ) as tf.Scalar,
    }),
    /half the weight/,
  ],
  "a loss that draws without its key": [
    spoilt({ criticLoss: (...given) => tf.add(objective.criticLoss(...given), calls++) }),
    /criticLoss is a function of its key/,
  ],
  "a tensor that is kept": [
    spoilt({ generatorLoss: (critic, x) => tf.keep(objective.generatorLoss(critic, x)) }),
    /losses leave no tensor behind/,
  ],
  "a constraint that goes on shrinking": [
    spoilt({
      constrain: (parameters) => tf.tidy(() => parameters.forEach((p) => void p.assign(tf.mul(p, 0.5)))),
    }),
    /constrain leaves alone/,
  ],
});

const mixer = weighted();
faults<Mixer>("checkMixer()", mixer, checkMixer, {
  "weights that do not sum to 1": [
    () => ({
      name: "x",
      mix: (_, m, pg, pd) => [
        { weight: 1, x: pg(m) },
        { weight: 1, x: pd(m) },
      ],
    }),
    /weights sum to 1/,
  ],
  "another share of pd": [
    () => ({ name: "x", mix: (a, m, pg, pd) => mixer.mix(1 - a, m, pg, pd) }),
    /share of pd/,
  ],
  "rows that are drawn and not used": [
    () => ({ name: "x", mix: (a, m, pg, pd) => mixer.mix(a, m, (n) => tf.slice(pg(n + 1), 0, n), pd) }),
    /every row that is drawn is used/,
  ],
  "parts that are not freed": [
    () => ({ name: "x", mix: (a, m, pg, pd) => mixer.mix(a, m, (n) => tf.clone(pg(n)), pd) }),
    /no tensor is left/,
  ],
  "a mix that throws where check does not": [() => ({ name: "x", mix: samplingTrick().mix }), /stopped/],
  "a check that throws where mix does not": [
    () => ({ name: "x", mix: mixer.mix, check: samplingTrick().check! }),
    /so does mix/,
  ],
});

const optimizer = adam({ learningRate: 0.05, decayFrom: 1, beta1: 0.5, beta2: 0.9, epsilon: 1e-8 });
const worse =
  (change: (run: OptimizerRun) => Partial<OptimizerRun>): (() => Optimizer) =>
  () => ({
    name: "worse",
    start(variables) {
      const run = optimizer.start(variables);
      return { ...run, ...change(run) };
    },
  });

faults<Optimizer>("checkOptimizer()", optimizer, checkOptimizer, {
  "steps uphill": [
    worse((run) => ({
      update: (gradients, numbers) =>
        run.update(
          gradients.map((g) => tf.neg(g)),
          numbers,
        ),
    })),
    /closer to its minimum/,
  ],
  "one variable forgotten": [
    worse((run) => ({
      update: (gradients, numbers) =>
        run.update(
          gradients.map((g, i) => (i === 0 ? g : tf.zerosLike(g))),
          numbers,
        ),
    })),
    /closer to its minimum/,
  ],
  "memory outside its state": [
    worse(({ state }) => ({ state: new Map([["m", state.get("m")!]]) })),
    /resumed from its state/,
  ],
  "memory that is trainable": [
    worse(({ state }) => ({
      state: new Map([...state].map(([name, v]) => [name, Object.assign(v, { trainable: true })])),
    })),
    /not trainable/,
  ],
  "numbers whose names change": [
    worse((run) => ({ numbers: (step, p) => ({ ...run.numbers(step, p), ...(step > 5 && { late: 1 }) }) })),
    /same names at step/,
  ],
  "numbers that grow out of hand": [
    worse((run) => ({ numbers: (step, p) => ({ ...run.numbers(step, p), big: 1e300 ** step }) })),
    /numbers are finite/,
  ],
  "tensors that updates leave behind": [
    worse((run) => ({
      update(gradients, numbers) {
        tf.keep(tf.clone(gradients[0]!));
        run.update(gradients, numbers);
      },
    })),
    /updates leave no tensor/,
  ],
  "a state that is not freed": [worse(() => ({ dispose() {} })), /dispose frees/],
  "variables that are freed": [
    () => ({
      name: "x",
      start(variables) {
        const run = optimizer.start(variables);
        return { ...run, dispose: () => tf.dispose([...variables, ...run.state.values()]) };
      },
    }),
    /dispose leaves the variables/,
  ],
});

const plan = mlp({ hidden: [5], activation: "tanh", spectralNorm: true });
const ports = { input: [3], output: [2], range: [-1, 1] } as const;
const built =
  (change: (net: Network) => Partial<Network>): (() => NetworkPlan) =>
  () => ({
    name: "worse",
    build(given, key) {
      const net = plan.build(given, key);
      return { ...net, ...change(net) };
    },
  });

faults<NetworkPlan>("checkNetwork()", plan, (t, plan) => checkNetwork(t, plan, ports), {
  "an output of another shape": [
    built(({ apply }) => ({ apply: (x, mode) => tf.reshape(apply(x, mode), [-1]) })),
    /output's shape/,
  ],
  "an output outside its range": [
    () => ({ name: "x", build: ({ range: _, ...rest }, key) => plan.build(rest, key) }),
    /keeps to the range/,
  ],
  "a key that is not used": [
    () => ({ name: "x", build: (given) => plan.build(given, Key.from("always the same")) }),
    /another key, another network/,
  ],
  "noise without a key": [
    built(({ apply }) => ({ apply: (x, mode) => tf.add(apply(x, mode), ++calls) })),
    /same numbers each time/,
  ],
  "rows that are mixed in use": [
    built(({ apply }) => ({ apply: (x, mode) => tf.sub(apply(x, mode), tf.mean(apply(x, mode), 0)) })),
    /row 0 by itself/,
  ],
  "rows that are coupled in training, without a word of it": [
    built(({ apply }) => ({
      apply: (x, mode) =>
        mode.training ? tf.sub(apply(x, mode), tf.mean(apply(x, mode), 0)) : apply(x, mode),
    })),
    /couplesRows says/,
  ],
  "rows said to be coupled that are not": [built(() => ({ couplesRows: true })), /couplesRows says/],
  "a pass in use that changes the state": [
    built(({ apply, prepare }) => ({
      apply(x, mode) {
        prepare!();
        return apply(x, mode);
      },
    })),
    /state stay as they are/,
  ],
  "a parameter without a gradient": [
    built(({ parameters }) => ({
      parameters: new Map([...parameters, ["idle", tf.variable(tf.zeros([1]))]]),
    })),
    /parameter idle has a gradient/,
  ],
  "no gradient in the input": [
    built(({ apply }) => ({ apply: (x, mode) => apply(tf.sign(x), mode) })),
    /gradient in the input is not 0/,
  ],
  "features that do not lead to the output": [
    built(({ features }) => ({ features: { ...features!, head: (f, m) => tf.neg(features!.head(f, m)) } })),
    /apply is head after features/,
  ],
  "a preparation that moves parameters": [
    built(({ parameters }) => ({
      prepare: () => tf.tidy(() => parameters.forEach((p) => void p.assign(tf.add(p, 1)))),
    })),
    /prepare changes state alone/,
  ],
  "a pass that leaves tensors behind": [
    built(({ apply }) => ({ apply: (x, mode) => tf.clone(tf.keep(apply(x, mode))) })),
    /nothing is left behind/,
  ],
  "variables that are not freed": [built(() => ({ dispose() {} })), /dispose frees/],
});

const halving = asha({ trials: 12, rungs: [10, 20] });
const misled =
  (change: Partial<Search>): (() => () => Search) =>
  () =>
  () => ({ ...halving, ...change });
/** Answers otherwise where a trial stands so. */
const where =
  (state: string, answer: (id: string) => ReturnType<Search["next"]>): Search["next"] =>
  (history, key) => {
    const found = history.trials.find((trial) => trial.state === state);
    return found === undefined ? halving.next(history, key) : answer(found.id);
  };
let made = 0;

faults<() => Search>(
  "checkSearch()",
  () => halving,
  (t, make) => checkSearch(t, make, { keep: 1 / 3 }),
  {
    "rungs that fall": [misled({ rungs: [20, 10] }), /rungs are rising/],
    "answers that change": [
      misled({ next: (history, key) => halving.next(history, key.fold(calls++)) }),
      /asked twice, it decides the same/,
    ],
    "a history that is changed": [
      misled({
        next(history, key) {
          (history.trials as unknown[]).push(1);
          return halving.next(history, key);
        },
      }),
      /stopped/,
    ],
    "what is excluded": [
      misled({
        next: ({ space, ...rest }, key) => halving.next({ ...rest, space: { ...space, exclude: [] } }, key),
      }),
      /only what the space allows/,
    ],
    "a combination tried twice": [
      misled({
        next: (history, key) => halving.next({ ...history, trials: history.trials.slice(0, 2) }, key),
      }),
      /tries nothing twice/,
    ],
    "a trial that there is not": [
      misled({ next: where("paused", () => ({ promote: "none" })) }),
      /only on trials that there are/,
    ],
    "a trial promoted while it runs": [
      misled({ next: where("running", (promote) => ({ promote })) }),
      /promotes only what is paused/,
    ],
    "a trial stopped after its end": [
      misled({ next: where("failed", (stop) => ({ stop })) }),
      /stops only what runs or is paused/,
    ],
    "whoever comes first promoted": [
      misled({ next: where("paused", (promote) => ({ promote })) }),
      /promotes only from the best share/,
    ],
    "settings that depend on scores": [
      misled({
        next: (history, key) =>
          halving.next(history, key.fold(history.trials.filter(({ state }) => state === "failed").length)),
      }),
      /does not depend on how trials fare/,
    ],
    "a key that is not used": [
      misled({ next: (history) => halving.next(history, Key.from("always the same")) }),
      /another key, other settings/,
    ],
    "a memory that a crash loses": [
      () => () => {
        const own = made++;
        return { ...halving, next: (history, key) => halving.next(history, key.fold(own)) };
      },
      /a replay decides the same/,
    ],
  },
);

const endless: Space = {
  domains: { rate: { kind: "range", min: 0, max: 1, scale: "linear", integer: false } },
  exclude: [],
};
const counting: Search = {
  name: "counting",
  next: ({ trials: { length } }) => ({ start: { rate: 1 / (1 + length) } }),
};
const some: Search = {
  name: "some",
  next: (history, key) => (history.trials.length < 9 ? drawnOf(history, key) : undefined),
};
function drawnOf(history: SearchHistory, key: Key): ReturnType<Search["next"]> {
  const start = nextDrawn(history, key);
  return start && { start };
}

faults<() => Search>(
  "checkSearch()",
  () => some,
  (t, make) => checkSearch(t, make, { task: { space: endless } }),
  {
    "a search without end": [() => () => counting, /comes to an end/],
    "a search that tries nothing": [() => () => ({ ...some, next: () => undefined }), /it tries something/],
  },
);
