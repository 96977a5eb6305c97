/**
 * Attacks on a network that was trained, at budgets that some images withstand: what an attack has to do depends on what
 * it finds, so the peers attack the same weights and images.
 *
 * @module
 */
import { type Attack, compileStep, type Key, type Network, tf } from "../../../core/mod.ts";
import { apgd } from "../../../plugins/attacks/apgd/apgd.ts";
import { autoAttack } from "../../../plugins/attacks/auto-attack/auto-attack.ts";
import { carliniWagner } from "../../../plugins/attacks/carlini-wagner/carlini-wagner.ts";
import { fab } from "../../../plugins/attacks/fab/fab.ts";
import { fgsm } from "../../../plugins/attacks/fgsm/fgsm.ts";
import { pgd } from "../../../plugins/attacks/pgd/pgd.ts";
import { square } from "../../../plugins/attacks/square/square.ts";
import { convnet } from "../../../plugins/networks/convnet/convnet.ts";
import { adam } from "../../../plugins/optimizers/adam/adam.ts";
import { type BenchCase, crossEntropy, labelsByTurns, learner, type PeerName } from "../workload.ts";
import { attackOn } from "./attack-on.ts";

const IMAGE = [28, 28, 1];
const RANGE = [0, 1] as const;
const BATCH = 100;
/** Of training; in networks whose numbers alone are compared, fewer will do. */
const STEPS = { whole: 100, small: 20 };

/** About half of the images withstand AutoAttack. */
const EPSILON = 0.045;

/** Ten patterns under noise, the classes by turns. */
function drawn(patterns: tf.Tensor, n: number, key: Key): { x: tf.Tensor; labels: tf.Tensor } {
  return tf.tidy(() => {
    const labels = labelsByTurns(n, 10);
    const clean = tf.gather(patterns, tf.cast(tf.argMax(labels, 1), "int32") as tf.Tensor1D);
    const x = tf.add(tf.add(0.35, tf.mul(0.3, clean)), key.normal([n, ...IMAGE], 0, 0.2));
    return { x: tf.clipByValue(x, ...RANGE), labels };
  });
}

/** Cross-entropy, Adam. */
function train(network: Network, patterns: tf.Tensor, steps: number, key: Key): void {
  const settings = { learningRate: 1e-3, decayFrom: 1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
  const { numbers, learn } = learner("classifier", network, adam(settings));
  const step = compileStep<string, "loss">("training", (inputs, at) => ({
    loss: learn(
      () => crossEntropy(network.apply(inputs.x!, { training: true, key: at }), inputs.labels!),
      inputs,
    ),
  }));
  for (let count = 1; count <= steps; count++) {
    const at = key.fold(count);
    const batch = drawn(patterns, BATCH, at.fold("batch"));
    tf.dispose(step.run({ ...batch, ...numbers(count) }, at));
    tf.dispose(Object.values(batch));
  }
  step.dispose();
}

const onTrained =
  (attack: Attack): BenchCase["build"] =>
  (key, m, small) => {
    const network = convnet({ filters: small ? [4, 8] : [32, 64] }).build(
      { input: IMAGE, output: [10] },
      key.fold("classifier"),
    );
    const patterns = key.fold("patterns").uniform([10, ...IMAGE]);
    train(network, patterns, small ? STEPS.small : STEPS.whole, key.fold("training"));
    const attacked = drawn(patterns, m, key.fold("attacked"));
    patterns.dispose();
    return attackOn({ attack, network, ...attacked, range: RANGE, epsilon: EPSILON });
  };

type Library = "foolbox" | "torchattacks" | "autoattack";

/** Libraries in both layouts of images. */
const both = (...libraries: readonly Library[]): readonly PeerName[] =>
  libraries.flatMap((library) => [library, `${library}-channels-last` as const]);

/** @param compared whether nothing in it is drawn at random, so that numbers can be compared */
function attackCase(
  name: string,
  summary: string,
  attack: Attack,
  peers: readonly PeerName[],
  compared = false,
): BenchCase {
  return {
    ...{ name: `attacks-${name}`, batch: 100, engines: ["auto"], peers, compared, shared: true },
    summary: `${summary} on a trained CNN of MNIST's size, batch 100`,
    build: onTrained(attack),
  };
}

const exact = { randomStart: false, earlyStop: false };

export const trainedAttackCases: readonly BenchCase[] = [
  attackCase("fgsm", "FGSM ℓ∞", fgsm(), both("foolbox", "torchattacks"), true),
  attackCase(
    "pgd",
    "PGD-40 ℓ∞",
    pgd({ steps: 40, relativeStep: 1 / 30, ...exact }),
    both("foolbox", "torchattacks"),
    true,
  ),
  attackCase(
    "carlini-wagner",
    "Carlini and Wagner, 4 constants of 50 steps,",
    carliniWagner({ steps: 50, searches: 4, learningRate: 0.05, initialConstant: 1 }),
    both("foolbox"),
    true,
  ),
  attackCase("apgd", "APGD-CE ℓ∞, 100 steps,", apgd(), both("autoattack", "torchattacks")),
  attackCase(
    "apgd-targeted",
    "APGD-T ℓ∞, 9 targets of 20 steps,",
    apgd({ loss: "dlr", targets: 9, steps: 20 }),
    both("autoattack", "torchattacks"),
  ),
  attackCase(
    "fab-targeted",
    "FAB-T ℓ∞, 9 targets of 20 steps,",
    fab({ targets: 9, steps: 20 }),
    both("autoattack", "torchattacks"),
  ),
  attackCase(
    "square",
    "Square ℓ∞, 1000 queries,",
    square({ queries: 1000 }),
    both("autoattack", "torchattacks"),
  ),
  attackCase(
    "auto-attack",
    "AutoAttack ℓ∞, a fifth of its steps and queries,",
    autoAttack({ steps: 20, queries: 1000 }),
    both("autoattack"),
  ),
];
