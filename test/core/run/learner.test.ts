import t from "tap";
import {
  learnerOf,
  type Network,
  type Optimizer,
  type OptimizerRun,
  readLearners,
  tf,
  transientState,
} from "../../../core/mod.ts";

await tf.setBackend("cpu");
await tf.ready();

/** A network of one weight, which starts at 2. */
function scale(log: string[] = []): Network {
  const weight = tf.variable(tf.scalar(2));
  return {
    inputShape: [],
    outputShape: [],
    parameters: new Map([["weight", weight]]),
    state: new Map(),
    apply: (x) => tf.mul(x, weight),
    prepare: () => void log.push("prepare"),
    dispose: () => weight.dispose(),
  };
}

/** Plain gradient descent, whose step size is `rate` at the first update and half of the one before at each later one. */
const descent = (rate: number): Optimizer => ({
  name: "descent",
  start: (variables): OptimizerRun => ({
    state: new Map(),
    numbers: (step) => ({ rate: rate / 2 ** (step - 1) }),
    update: (gradients, { rate: given }) =>
      tf.tidy(() => variables.forEach((v, i) => void v.assign(tf.sub(v, tf.mul(given!, gradients[i]!))))),
    dispose() {},
  }),
});

t.test("learnerOf() prepares, descends and constrains, with the numbers that bear its name", async (t) => {
  const log: string[] = [];
  const network = scale(log);
  const state = transientState();
  const before = tf.memory().numTensors;
  const learner = learnerOf({
    ...{ name: "player", networks: [network], optimizer: descent(0.5), state },
    constrain: () => void log.push("constrain"),
  });
  t.same(learner.numbers(1, 0), { "player rate": 0.5 });
  t.same(learner.numbers(2, 0), { "player rate": 0.25 });
  const weight = network.parameters.get("weight")!;
  const loss = (): tf.Scalar => {
    log.push("loss");
    return tf.square(weight).asScalar(); // its slope at 2 is 4
  };
  const terms = tf.tidy(() =>
    learner.learn(loss, { "player rate": tf.scalar(0.5), unrelated: tf.scalar(1) }),
  );
  t.same(log, ["prepare", "loss", "constrain"]);
  t.equal(weight.dataSync()[0], 0, "2 − ½·4");
  t.equal(terms.loss.dataSync()[0], 4, "the loss before the update");
  tf.dispose(terms);
  learner.dispose();
  t.equal(tf.memory().numTensors, before, "and leaves no tensor behind");
});

t.test("learnerOf() gives the terms of a loss, the loss among them once", async (t) => {
  const network = scale();
  const learner = learnerOf({
    name: "a",
    networks: [network],
    optimizer: descent(0),
    state: transientState(),
  });
  const before = tf.memory().numTensors;
  const sum = () => {
    const first = tf.square(network.parameters.get("weight")!).asScalar();
    const second = tf.scalar(3);
    const loss = tf.add(first, second).asScalar();
    return { loss, first, second, same: loss };
  };
  const terms = tf.tidy(() => learner.learn(sum, { "a rate": tf.scalar(0) }));
  t.same(Object.keys(terms), ["loss", "first", "second"]);
  t.same(
    [terms.loss, terms.first!, terms.second!].map((x) => x.dataSync()[0]),
    [7, 4, 3],
  );
  tf.dispose(terms);
  t.equal(tf.memory().numTensors, before, "and leaves no tensor behind");
});

t.test(
  "readLearners() gives newest losses, whether each since the last reading was finite, and the size of the weights",
  async (t) => {
    const players = ["a", "b"].map((name) => {
      const network = scale();
      return learnerOf({
        name,
        networks: [network],
        optimizer: descent(0),
        state: transientState().scope(name),
      });
    });
    const play = (who: number, value: number): void =>
      tf.tidy(() => {
        const { variables, name } = players[who]!;
        const loss = (): tf.Scalar => tf.add(tf.mul(variables[0]!, 0), value).asScalar();
        players[who]!.learn(loss, { [`${name} rate`]: tf.scalar(0) });
      });
    t.same(await readLearners(players), [
      { name: "a", loss: Number.NaN, isSound: true, weights: 2 },
      { name: "b", loss: Number.NaN, isSound: true, weights: 2 },
    ]);
    play(0, Number.POSITIVE_INFINITY);
    play(0, 2);
    play(1, 5);
    t.same(await readLearners(players), [
      { name: "a", loss: 2, isSound: false, weights: 2 },
      { name: "b", loss: 5, isSound: true, weights: 2 },
    ]);
    t.same((await readLearners(players))[0], { name: "a", loss: 2, isSound: true, weights: 2 }, "told once");
    players[0]!.variables[0]!.assign(tf.scalar(Number.NaN));
    t.same(
      (await readLearners(players)).map(({ weights }) => weights),
      [Number.NaN, 2],
    );
  },
);
