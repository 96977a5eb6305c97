/** Attacks as a plugin's author writes them, from the package's public parts alone: short, and with no cast. */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import {
  type Attack,
  type AttackRows,
  Attacks,
  type AttackTools,
  assemble,
  contextOf,
  type Perturb,
  type PluginExport,
  pluginOf,
  type StepTools,
  tf,
} from "../../core/mod.ts";
import {
  ballOf,
  choose,
  clip,
  fooled,
  iterate,
  lossOf,
  margin,
  slopeOf,
  spread,
} from "../../plugins/attacks/mod.ts";
import { checkAttack } from "../conformance/attack.ts";
import { writePackage } from "../docs/examples.ts";
import { blocksOf, root } from "../docs/pages.ts";
import { faultsOf } from "./faults.ts";

await tf.setBackend("cpu");
await tf.ready();

t.test("the attack of the authors' page is one that a scenario can name", async (t) => {
  const page = "plugins/attacks/README.md";
  const blocks = blocksOf(page, readFileSync(join(root, page), "utf8"));
  const { folder, examples } = writePackage(blocks.filter(({ code }) => code.startsWith("// mi-fgsm.ts")));
  t.teardown(() => rmSync(folder, { recursive: true }));
  t.equal(examples.length, 1);
  const { default: exported } = (await import(join(folder, examples[0]!.file))) as { default: PluginExport };
  const registry = await assemble([pluginOf("mi-fgsm", exported)]);
  const attack = await contextOf(registry, new URL(import.meta.url)).create(Attacks, "mi-fgsm");
  await checkAttack(t, attack);
});

/** C. Guo et al., "Simple Black-box Adversarial Attacks", ICML 2019: one random pixel after the other, either way. */
function simba({ steps = 60 } = {}): Attack {
  interface Search extends AttackRows {
    readonly point: tf.Tensor;
    readonly gain: tf.Tensor;
  }
  const start = ({ x, y, target }: AttackRows, { classifier }: StepTools) => {
    const gain = margin(classifier.logits(x), { y, target });
    return { point: x, gain, done: tf.cast(tf.greater(gain, 0), "float32") };
  };
  const step = ({ x, y, target, epsilon, point, gain }: Search, { classifier, key }: StepTools) => {
    const flat = tf.reshape(point, [point.shape[0]!, -1]);
    const noise = key.uniform(flat.shape);
    const pixel = tf.cast(tf.equal(noise, tf.max(noise, 1, true)), "float32"); // one of each image
    const change = tf.reshape(tf.mul(pixel, tf.expandDims(epsilon, 1)), point.shape);
    let [best, most]: [tf.Tensor, tf.Tensor] = [point, gain];
    for (const sign of [1, -1]) {
      const moved = tf.sub(tf.add(point, tf.mul(sign, change)), x);
      const tried = clip(tf.add(x, ballOf("linf").project(moved, epsilon)), classifier.bounds);
      const found = margin(classifier.logits(tried), { y, target });
      const better = tf.greater(found, most);
      [best, most] = [choose(better, tried, best), choose(better, found, most)];
    }
    return { point: best, gain: most, done: tf.greater(most, 0) };
  };
  return {
    name: "simba-linf",
    norm: "linf",
    kind: "within-budget",
    access: "black-box",
    targeted: true,
    steps,
    async perturb({ steps, key, ...rows }, tools) {
      const { done, ...state } = tools.run(start, rows, key);
      const end = await iterate(tools, { step, given: rows, state, done, steps, key });
      return end.point;
    },
  };
}

/** J. Rony et al., "Decoupling Direction and Norm …", CVPR 2019: a budget of its own for each image, which shrinks. */
function ddn({ steps = 30, gamma = 0.05 } = {}): Attack {
  const ball = ballOf("l2");
  interface State {
    readonly point: tf.Tensor;
    readonly budget: tf.Tensor;
    readonly best: tf.Tensor;
    readonly length: tf.Tensor;
  }
  const step = (
    { x, y, target, point, budget, best, length }: AttackRows & State,
    { classifier }: StepTools,
  ) => {
    const loss = lossOf("cross-entropy", classifier, target !== undefined);
    const { logits, gradient } = slopeOf(classifier, point, (z) => loss(z, { y, target }));
    const good = fooled(logits, { y, target });
    const away = ball.length(tf.sub(point, x));
    const nearer = tf.logicalAnd(good, tf.less(away, length));
    const next = tf.mul(budget, choose(good, tf.fill(away.shape, 1 - gamma), tf.fill(away.shape, 1 + gamma)));
    const moved = tf.sub(tf.add(point, tf.mul(0.2, ball.steepest(gradient))), x);
    const onSphere = tf.mul(ball.steepest(moved), spread(next, x));
    return {
      point: clip(tf.add(x, onSphere), classifier.bounds),
      budget: next,
      best: choose(nearer, point, best),
      length: choose(nearer, away, length),
    };
  };
  return {
    name: "ddn-l2",
    norm: "l2",
    kind: "minimum-norm",
    targeted: true,
    steps,
    async perturb({ steps, key, ...rows }, tools) {
      const n = rows.x.shape[0]!;
      const all = (value: number) => tools.track(tf.fill([n], value));
      const state = { point: rows.x, budget: all(0.5), best: rows.x, length: all(1e9) };
      return (await iterate(tools, { step, given: rows, state, steps, key })).best;
    },
  };
}

/** Without any part: the attack's own loop, its steps called one after the other. */
const noise: Attack = {
  name: "noise",
  norm: "linf",
  kind: "within-budget",
  access: "black-box",
  async perturb({ x, y, epsilon, key }, { classifier, signal }) {
    let best = x.clone();
    for (let i = 0; i < 20; i++) {
      signal.throwIfAborted();
      const next = tf.tidy(() => {
        const change = tf.mul(key.fold(i).uniform(x.shape, -1, 1), spread(epsilon, x));
        const tried = clip(tf.add(x, change), classifier.bounds);
        return choose(fooled(classifier.logits(tried), { y }), tried, best);
      });
      best.dispose();
      best = next;
    }
    return best;
  },
};

for (const attack of [simba(), ddn(), noise]) {
  t.test(`${attack.name}, written by a stranger, is an attack`, async (t) => await checkAttack(t, attack));
}

/** DDN or SimBA with a fault: `change` is given what they return. */
const spoilt = (
  sound: Attack,
  parts: Partial<Attack>,
  change: (x: tf.Tensor, given: Parameters<Perturb>[0], tools: AttackTools) => tf.Tensor = (x) => x,
): Attack => ({
  ...sound,
  perturb: async (given, tools) => {
    const found = await sound.perturb(given, tools);
    return tf.tidy(() => change(found, given, tools));
  },
  ...parts,
});

let calls = 0;
const sound = simba({ steps: 20 });
const aimless: Perturb = (given, tools) => sound.perturb({ ...given, target: undefined }, tools);
const stubborn: Perturb = (given, tools) => sound.perturb({ ...given, steps: 20 }, tools);
const muted = (tools: AttackTools): AttackTools => ({
  ...tools,
  run: tools.peek,
  subset: (rows, size) => muted(tools.subset(rows, size)),
});
const silent: Perturb = (given, tools) => sound.perturb(given, muted(tools));
const growing: Perturb = async (given, tools) => {
  const step = ({ x }: Pick<AttackRows, "x">) => ({ x: tf.add(x, 0) });
  tools.run(step, { x: given.x }, given.key);
  return await sound.perturb(given, tools);
};

const broken: readonly (readonly [string, Attack, RegExp])[] = [
  ["leaves the bounds", spoilt(ddn(), {}, (x) => tf.add(x, 1)), /within the bounds/],
  ["leaves the budget", spoilt(sound, {}, (x) => tf.sub(1, x)), /within the budget/],
  ["gives another shape", spoilt(sound, {}, (x) => tf.slice(x, 0, 1)), /stopped: .* returned \[1,6,6,1\]/],
  ["changes without its key", spoilt(sound, {}, (x) => tf.mul(x, 1 - 1e-6 * calls++)), /same images and key/],
  ["finds nothing", spoilt(sound, {}, (_, { x }) => x.clone()), /fools an undefended classifier/],
  ["cannot aim", spoilt(sound, { perturb: aimless }), /taken for the target more often/],
  ["ignores steps", spoilt(sound, { perturb: stubborn }), /asks less with one step than with 20/],
  ["hides its queries", spoilt(sound, { perturb: silent }), /asks less with one step/],
  ["makes its steps anew", spoilt(sound, { perturb: growing }), /compiles its steps once/],
  ["keeps a tensor", spoilt(sound, {}, (x) => tf.keep(tf.clone(tf.keep(x.clone())))), /leaves no tensor/],
  ["says that it is black-box", spoilt(ddn(), { access: "black-box" }), /says that it is black-box/],
  ["has no name", spoilt(sound, { name: "" }), /has a name/],
];

for (const [fault, attack, finding] of broken) {
  t.test(`checkAttack() finds an attack that ${fault}`, async (t) => {
    const found = await faultsOf((t) => checkAttack(t, attack));
    t.ok(
      found.some((message) => finding.test(message)),
      `${finding} in ${JSON.stringify(found)}`,
    );
  });
}
