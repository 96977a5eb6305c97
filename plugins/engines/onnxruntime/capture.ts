/**
 * A function of a batch taken down as it is recorded: its nodes, and where each of their inputs comes from. Nothing is
 * computed.
 *
 * @module
 */
import { Key, type OnnxSource, RunError, tf } from "../../../core/mod.ts";
import type { OnnxBackend } from "./backend.ts";
import { type Attributes, Elem } from "./model.ts";
import { programOf } from "./program.ts";
import { PLAIN } from "./runtime.ts";
import { type Data, hostOf, sizeOf, type Value, type View } from "./value.ts";

/** Where a value comes from. */
export type Origin =
  | { readonly from: "x" }
  | { readonly from: "weight"; readonly name: string }
  | { readonly from: "constant"; readonly data: Data }
  | { readonly from: "node"; readonly node: number; readonly output: number };

/** A value, under a shape that may differ from the one it is held in. */
export interface Operand {
  readonly origin: Origin;
  readonly elem: Elem;
  readonly held: readonly number[];
  readonly shape: readonly number[];
}

/** A node as it was recorded. */
export interface CapturedNode {
  readonly op: string;
  readonly domain: string;
  readonly attributes: Attributes;
  /** The tfjs kernel that recorded it. */
  readonly kernel: string;
  /** Undefined for an optional input left out. */
  readonly inputs: readonly (Operand | undefined)[];
  readonly outputs: number;
}

/** A function as it was recorded on a batch of one size. */
export interface Capture {
  readonly n: number;
  readonly nodes: readonly CapturedNode[];
  readonly y: Operand;
}

/**
 * Records a function on a batch of `n` rows.
 * @throws RunError where it reads values as it goes: what it does then is not all in its nodes
 */
export function capture(
  backend: OnnxBackend,
  { apply, input, weights }: Pick<OnnxSource, "apply" | "input" | "weights">,
  n: number,
): Capture {
  backend.flush(); // what was assigned to a weight is computed, and not part of the function
  const { recorder } = backend;
  const { dialect } = recorder;
  recorder.dialect = PLAIN; // a file is for any runtime
  const { runs } = backend.counts;
  const taken: Capture[] = [];
  try {
    tf.tidy(() => {
      const names = new Map<Value, string>();
      const shapes = new Map<Value, readonly number[]>();
      for (const [name, variable] of weights) {
        const { value, shape } = backend.view(variable);
        names.set(value, name);
        shapes.set(value, shape);
      }
      const x = pending(backend, [n, ...input]);
      const given = backend.view(x).value;
      const y = backend.view(apply(x));
      if (backend.counts.runs !== runs) {
        throw new RunError(
          "it cannot be written as ONNX: it reads values as it goes, or uses kernels without an ONNX form",
        );
      }

      const program = programOf(recorder.pending, (value) => value === y.value, recorder.interned);
      const nodes = program.nodes.filter((node) => node !== given.node);
      const made = new Map<Value, Origin>([[given, { from: "x" }]]);
      nodes.forEach(({ outputs }, node) => {
        outputs.forEach((value, output) => void made.set(value, { from: "node", node, output }));
      });
      const originOf = (value: Value): Origin => {
        const name = names.get(value);
        if (name !== undefined) return { from: "weight", name };
        return made.get(value) ?? { from: "constant", data: hostOf(value)!.slice() };
      };
      const operand = ({ value, shape }: View): Operand => ({
        origin: originOf(value),
        elem: value.elem,
        held: shapes.get(value) ?? value.shape,
        shape,
      });
      taken.push({
        n,
        y: operand(y),
        nodes: nodes.map((node) => ({
          op: node.op,
          domain: node.domain,
          attributes: node.attributes,
          kernel: node.kernel,
          inputs: node.inputs.map((view) => view && operand(view)),
          outputs: node.outputs.length,
        })),
      });
    });
  } finally {
    recorder.dialect = dialect;
    backend.flush(); // nobody wants what was recorded
  }
  return taken[0]!;
}

/** A tensor whose values nobody can look at: a kernel that knew them would take them for constants. */
function pending(backend: OnnxBackend, shape: readonly number[]): tf.Tensor {
  const numbers = tf.tensor(Key.from("x").uniformArray(sizeOf(shape)), [...shape]);
  const view = backend.recorder.op("Identity", [backend.view(numbers)], Elem.float32, shape);
  return backend.finished(backend.tensor(view));
}
