/**
 * Attention: each query's mean of the values, by how well it goes with their keys.
 * A. Vaswani et al., "Attention Is All You Need", NIPS 2017, Sec. 3.2.
 *
 * @module
 */
import { tf } from "../../../../core/mod.ts";
import { given, type Inputs, type OnnxNode, type Operator, type Operators } from "../node.ts";
import { laid, plain, type Value } from "../value.ts";
import { product } from "./matmul.ts";

/** What a masked score becomes: no share of any softmax in which another is left. */
const NONE = -1e30;

/** Names of the inputs after the mask, which belong to models of text that go on word by word. */
const CACHES = ["past_key", "past_value", "nonpad_kv_seqlen"];

const attention: Operator = (node) => {
  const causal = node.int("is_causal", 0) === 1;
  const [softcap, fixed] = [node.float("softcap", 0), node.float("scale", 0)];
  for (const name of ["left_window_size", "right_window_size"]) {
    if (node.int(name, -1) !== -1) node.fail(`has ${name}, which isn't supported`);
  }
  return (inputs) => {
    const cache = CACHES.findIndex((_, i) => inputs[4 + i] !== undefined);
    if (cache >= 0) node.fail(`has ${CACHES[cache]}, which isn't supported`);
    const [query, key, value] = headsOf(node, inputs);
    const [heads, length] = query.shape.slice(1) as [number, number];
    const scale = fixed === 0 ? 1 / Math.sqrt(query.shape[3]!) : fixed;
    const products = product(tf.mul(query, scale), tf.transpose(repeated(key, heads), [0, 1, 3, 2]));
    const capped = softcap > 0 ? tf.mul(softcap, tf.tanh(tf.div(products, softcap))) : products;
    const biased = inputs[3] === undefined ? capped : masked(capped, inputs[3]);
    const scores = causal ? tf.where(earlier(length, key.shape[2]!), biased, NONE) : biased;
    const mean = product(tf.softmax(scores), repeated(value, heads)); // [n, heads, queries, width]
    const flat = plain(given(inputs, 0)).rank === 3;
    return laid(flat ? tf.reshape(tf.transpose(mean, [0, 2, 1, 3]), [mean.shape[0]!, length, -1]) : mean);
  };
};

/** Queries, keys and values `[n, heads, length, width]`; given as `[n, length, heads·width]` they are turned. */
function headsOf(node: OnnxNode, inputs: Inputs): [tf.Tensor, tf.Tensor, tf.Tensor] {
  const count = [node.int("q_num_heads", 0), ...Array<number>(2).fill(node.int("kv_num_heads", 0))];
  return [0, 1, 2].map((i) => {
    const x = plain(given(inputs, i));
    if (x.rank === 4) return x;
    const [n, length] = x.shape as [number, number];
    return tf.transpose(tf.reshape(x, [n, length, count[i]!, -1]), [0, 2, 1, 3]);
  }) as [tf.Tensor, tf.Tensor, tf.Tensor];
}

/** Keys or values that several heads share, once for each of these. */
function repeated(x: tf.Tensor, heads: number): tf.Tensor {
  const [n, own, length, width] = x.shape as [number, number, number, number];
  if (own === heads) return x;
  const each = tf.tile(tf.expandDims(x, 2), [1, 1, heads / own, 1, 1]);
  return tf.reshape(each, [n, heads, length, width]);
}

/** Scores where a mask says so, or with one added; a mask may be shorter than the keys. */
function masked(scores: tf.Tensor, mask: Value): tf.Tensor {
  const given = plain(mask);
  const missing = scores.shape.at(-1)! - given.shape.at(-1)!;
  const pads = given.shape.map((_, axis) => [0, axis === given.rank - 1 ? missing : 0] as [number, number]);
  const whole = (x: tf.Tensor, filler: number): tf.Tensor => (missing > 0 ? tf.pad(x, pads, filler) : x);
  if (given.dtype !== "bool") return tf.add(scores, whole(given, NONE));
  const kept = tf.broadcastTo(whole(tf.cast(given, "int32"), 0), scores.shape);
  return tf.where(tf.cast(kept, "bool"), scores, NONE);
}

/** Whether a key is no later than a query, bool `[queries, keys]`. */
const earlier = (queries: number, keys: number): tf.Tensor =>
  tf.lessEqual(tf.reshape(tf.range(0, keys), [1, keys]), tf.reshape(tf.range(0, queries), [queries, 1]));

/** Attention. */
export const attentions: Operators = { Attention: attention };
