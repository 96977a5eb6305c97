/**
 * What a case of the bench is: a plain step function over networks, optimisers and data, with nothing measured in it.
 *
 * @module
 */
import { descend, type Key, type Network, type Optimizer, type StepBody, tf } from "../../core/mod.ts";

/** Tensors by name. */
export type Data = Readonly<Record<string, tf.Tensor>>;

/** A case, built. */
export interface Workload {
  readonly networks: Readonly<Record<string, Network>>;
  /** Tensors that each step reads. */
  readonly data: Data;
  /** Numbers that change with the step, which is 1 at first: those of the optimisers. */
  numbers(count: number): Readonly<Record<string, number>>;
  /** One iteration on data and numbers; its losses, in the order in which the peers return theirs. */
  readonly step: StepBody<string, string>;
  /** In place of the step where it is more than one, such as an attack: compiles what it repeats by itself. */
  whole?(data: Data, key: Key): Promise<Readonly<Record<string, tf.Scalar>>>;
}

/** Engines with options, under names of their own. */
export const variants: Readonly<
  Record<string, { readonly use: string; readonly [option: string]: unknown }>
> = {
  "wasm-as-shipped": { use: "wasm", mended: false },
  "onnxruntime-webgpu": { use: "onnxruntime", provider: "webgpu" },
  "onnxruntime-cuda": { use: "onnxruntime", provider: "cuda" },
  "onnxruntime-web": { use: "onnxruntime", library: "web" },
};

/** What attacks are compared with: libraries on PyTorch as it comes, and with images laid out with channels last. */
type AttackLibrary = "foolbox" | "torchattacks" | "autoattack";

/** What the cases are compared with: PyTorch as it comes, in two other forms, JAX compiled whole, and attacks (`peers/`). */
export type PeerName =
  | "pytorch"
  | "pytorch-channels-last"
  | "pytorch-compiled"
  | "jax"
  | AttackLibrary
  | `${AttackLibrary}-channels-last`;

/** A thing to time. */
export interface BenchCase {
  readonly name: string;
  /** One line. */
  readonly summary: string;
  readonly batch: number;
  /** Engines that run it unless others are asked for, {@link variants} among them; `all` means each one that there is. */
  readonly engines: readonly string[] | "all";
  /** Who else runs it: the scripts in `peers/` have it. */
  readonly peers: readonly PeerName[];
  /** Whether the peers are given our weights and data: where what there is to do depends on these. */
  readonly shared?: boolean;
  /** Whether peers can be held to the same numbers; `false` where they draw at random what they are not given. */
  readonly compared?: boolean;
  /** @param small makes convolutional networks a twelfth as wide, for comparing numbers in little time */
  build(key: Key, batch: number, small: boolean): Workload;
}

/** Trains one network. */
export interface Learner {
  /** The optimiser's numbers, under names that begin with the learner's. */
  numbers(count: number): Readonly<Record<string, number>>;
  /** One update; the loss before it. */
  learn(loss: () => tf.Scalar, inputs: Data): tf.Scalar;
}

/** Puts an optimiser to work on a network. */
export function learner(name: string, network: Network, optimizer: Optimizer): Learner {
  const variables = [...network.parameters.values()];
  const run = optimizer.start(variables);
  const named = (of: string): string => `${name} ${of}`;
  const names = Object.keys(run.numbers(1, 0));
  return {
    numbers: (count) =>
      Object.fromEntries(Object.entries(run.numbers(count, 0)).map(([of, x]) => [named(of), x])),
    learn: (loss, inputs) =>
      descend(loss, variables, run, Object.fromEntries(names.map((of) => [of, inputs[named(of)]!]))),
  };
}

/** The numbers of several learners. */
export function numbersOf(...learners: readonly Learner[]): Workload["numbers"] {
  return (count) => Object.assign({}, ...learners.map(({ numbers }) => numbers(count)));
}

/** Mean cross-entropy of logits `[n, classes]` against one-hot labels of the same shape. */
export function crossEntropy(logits: tf.Tensor, labels: tf.Tensor): tf.Scalar {
  const likelihood = tf.sub(logits, tf.logSumExp(logits, 1, true)); // [n, classes]
  return tf.neg(tf.mean(tf.sum(tf.mul(labels, likelihood), 1))) as tf.Scalar;
}

/** One-hot labels, `[n, classes]`, the classes by turns. */
export function labelsByTurns(n: number, classes: number): tf.Tensor {
  const turns = tf.tensor1d(
    Array.from({ length: n }, (_, i) => i % classes),
    "int32",
  );
  return tf.cast(tf.oneHot(turns, classes), "float32");
}
