/**
 * Sums of products by an equation such as `bhid,bhjd->bhij`, as products of matrices.
 *
 * @module
 */
import { sizeOf, tf } from "../../../../core/mod.ts";
import { given, type Operator } from "../node.ts";
import { laid, plain } from "../value.ts";

/** Einsum of one value or two, each letter at most once in a term. */
export const einsum: Operator = (node) => {
  const equation = node.text("equation", "").replaceAll(" ", "");
  const [left, right] = equation.split("->") as [string, string?];
  const terms = left.split(",");
  const plainLetters = [...terms, right ?? ""].every((term) => /^[A-Za-z]*$/.test(term) && unique(term));
  if (!plainLetters || terms.length > 2) {
    node.fail(`has the equation "${equation}": more than two terms, dots, or a letter twice in a term`);
  }
  const out = right ?? onlyOnce(left.replaceAll(",", ""));
  return (inputs) => {
    const xs = terms.map((_, i) => plain(given(inputs, i)));
    return laid(terms.length === 1 ? one(terms[0]!, xs[0]!, out) : pair(terms, xs, out));
  };
};

const unique = (term: string): boolean => new Set(term).size === term.length;
const onlyOnce = (letters: string): string =>
  [...letters]
    .filter((letter) => letters.split(letter).length === 2)
    .sort()
    .join("");

/** Sums out the letters that are not asked for, and orders those that are. */
function one(term: string, x: tf.Tensor, out: string): tf.Tensor {
  const gone = [...term].flatMap((letter, axis) => (out.includes(letter) ? [] : [axis]));
  const kept = [...term].filter((letter) => out.includes(letter));
  const sum = gone.length === 0 ? x : tf.sum(x, gone);
  return tf.transpose(
    sum,
    [...out].map((letter) => kept.indexOf(letter)),
  );
}

function pair([a, b]: readonly string[], [x, y]: readonly tf.Tensor[], out: string): tf.Tensor {
  const [inA, inB, wanted] = [new Set(a), new Set(b), new Set(out)];
  const batch = [...a!].filter((letter) => inB.has(letter) && wanted.has(letter));
  const inner = [...a!].filter((letter) => inB.has(letter) && !wanted.has(letter));
  const rows = [...a!].filter((letter) => !inB.has(letter) && wanted.has(letter));
  const columns = [...b!].filter((letter) => !inA.has(letter) && wanted.has(letter));
  const sizes = new Map([...a!].map((letter, axis) => [letter, x!.shape[axis]!]));
  for (const [axis, letter] of [...b!].entries()) sizes.set(letter, y!.shape[axis]!);
  const size = (letters: readonly string[]): number => sizeOf(letters.map((letter) => sizes.get(letter)!));
  const left = tf.reshape(one(a!, x!, [...batch, ...rows, ...inner].join("")), [
    size(batch),
    size(rows),
    size(inner),
  ]);
  const right = tf.reshape(one(b!, y!, [...batch, ...inner, ...columns].join("")), [
    size(batch),
    size(inner),
    size(columns),
  ]);
  const made = [...batch, ...rows, ...columns];
  const product = tf.reshape(
    tf.matMul(left, right),
    made.map((letter) => sizes.get(letter)!),
  );
  return tf.transpose(
    product,
    [...out].map((letter) => made.indexOf(letter)),
  );
}
