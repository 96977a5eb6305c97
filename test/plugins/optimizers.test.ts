import t from "tap";
import { assemble, Key, type Optimizer, Optimizers, rateAt, refsOf, tf } from "../../core/mod.ts";
import adamPlugin, { adam } from "../../plugins/optimizers/adam/adam.ts";
import rmspropPlugin, { rmsprop } from "../../plugins/optimizers/rmsprop/rmsprop.ts";
import sgdPlugin, { sgd } from "../../plugins/optimizers/sgd/sgd.ts";

import { checkOptimizer } from "../conformance/optimizer.ts";

await tf.setBackend("cpu");
await tf.ready();

const key = Key.from("optimizers");
const shapes = [[2, 3], [4], [1, 1]];
const steps = 40;
const rates = { learningRate: 0.05, decayFrom: 1 };
const gradient = (step: number, i: number): Float32Array =>
  key.fold("gradient", step, i).normalArray(shapes[i]!.reduce((a, b) => a * b, 1));

/** One parameter's update, as its paper writes it: what is subtracted. */
type Reference = () => (g: number, rate: number, step: number) => number;

/** A new optimiser is a row here. */
const table: readonly { optimizer: (decayFrom: number) => Optimizer; reference: Reference }[] = [
  {
    optimizer: (decayFrom) => sgd({ ...rates, decayFrom }),
    reference: () => (g, rate) => rate * g,
  },
  {
    optimizer: (decayFrom) => rmsprop({ ...rates, decayFrom, rho: 0.9, epsilon: 1e-3 }),
    reference: () => {
      let v = 0;
      return (g, rate) => {
        v = 0.9 * v + 0.1 * g * g;
        return (rate * g) / (Math.sqrt(v) + 1e-3);
      };
    },
  },
  {
    // an ε this large shows where it is added
    optimizer: (decayFrom) => adam({ ...rates, decayFrom, beta1: 0.9, beta2: 0.99, epsilon: 0.1 }),
    reference: () => {
      let m = 0;
      let v = 0;
      return (g, rate, step) => {
        m = 0.9 * m + 0.1 * g;
        v = 0.99 * v + 0.01 * g * g;
        return (rate * (m / (1 - 0.9 ** step))) / (Math.sqrt(v / (1 - 0.99 ** step)) + 0.1);
      };
    },
  },
];

const variables = (): tf.Variable[] =>
  shapes.map((shape, i) => tf.tidy(() => tf.variable(key.fold("start", i).normal(shape))));
const read = (vs: readonly tf.Variable[]): number[] => vs.flatMap((v) => [...v.dataSync()]);

/** Takes all steps on the fixed gradients. */
function descend(run: ReturnType<Optimizer["start"]>): void {
  for (let step = 1; step <= steps; step++) {
    tf.tidy(() => {
      const gradients = shapes.map((shape, i) => tf.tensor(gradient(step, i), shape));
      const numbers = Object.entries(run.numbers(step, (step - 1) / steps));
      run.update(gradients, Object.fromEntries(numbers.map(([name, x]) => [name, tf.scalar(x)])));
    });
  }
}

for (const { optimizer, reference } of table) {
  const name = optimizer(1).name;

  for (const decayFrom of [1, 0.5, 0]) {
    t.test(`${name}() updates as its paper says, with decayFrom ${decayFrom}`, async (t) => {
      const vs = variables();
      const expected = read(vs);
      const run = optimizer(decayFrom).start(vs);
      descend(run);
      const rules = expected.map(() => reference());
      for (let step = 1; step <= steps; step++) {
        const progress = (step - 1) / steps;
        const left = decayFrom === 1 ? 1 : Math.min(1, (1 - progress) / (1 - decayFrom));
        const gs = shapes.flatMap((_, i) => [...gradient(step, i)]);
        gs.forEach((g, i) => {
          expected[i]! -= rules[i]!(g, rates.learningRate * left, step);
        });
      }
      const worst = Math.max(...read(vs).map((v, i) => Math.abs(v - expected[i]!)));
      // 40 updates of float32 numbers below 4, each rounded to 2.4e-7 at worst
      t.ok(worst < 2e-5, `off by ${worst}`);
      run.dispose();
      tf.dispose(vs);
    });
  }

  t.test(`${name}() meets the contract of optimisers`, (t) => checkOptimizer(t, optimizer(0.5)));
}

t.test("rateAt() is constant, then falls linearly towards 0", async (t) => {
  const at = (decayFrom: number, progress: number): number =>
    rateAt({ learningRate: 8, decayFrom, floor: 0 }, progress);
  t.same(
    [0, 0.25, 0.5, 0.75, 0.875].map((p) => at(0.5, p)),
    [8, 8, 8, 4, 2],
  );
  t.same(
    [0, 0.5, 0.999].map((p) => at(1, p)),
    [8, 8, 8],
  );
  t.same(
    [0, 0.5, 0.75].map((p) => at(0, p)),
    [8, 4, 2],
  );
});

t.test("components take their defaults and refuse nonsense", async (t) => {
  const registry = await assemble([adamPlugin, rmspropPlugin, sgdPlugin]);
  for (const name of ["adam", "rmsprop", "sgd"]) {
    const found = registry.find(Optimizers, name);
    const schema = found.options(refsOf(registry));
    t.equal((await found.create(schema.parse({}), undefined as never)).name, name);
    t.match(schema.parse({}), { decayFrom: 1 });
    t.notOk(schema.safeParse({ learningRate: 0 }).success, "learningRate 0");
    t.notOk(schema.safeParse({ decayFrom: 1.5 }).success, "decayFrom 1.5");
  }
});
