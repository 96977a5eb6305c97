/**
 * Which nodes of a graph for a GPU the processor computes: those that the provider has no kernel for, and those that its
 * kernels get wrong. Each is two copies and a wait, so it is said which.
 *
 * @module
 */
import { encodeModel, type ModelNode } from "./model.ts";
import { modelOf } from "./program.ts";
import type { Runtime } from "./runtime.ts";
import type { Node, View } from "./value.ts";

/** Whether a kernel of the provider would give wrong numbers. */
function isWrongThere({
  op,
  outputs,
}: {
  readonly op: string;
  readonly outputs: readonly unknown[];
}): boolean {
  // TopK takes the smallest number for "none left", so that an infinite one is lost
  return op === "TopK" || (op === "MaxPool" && outputs.length > 1);
}

/** Names of the nodes that are to be kept from the device. */
export function onProcessor(nodes: readonly ModelNode[]): string[] {
  return nodes.filter(isWrongThere).map(({ name }) => name);
}

/** What of nodes decides whether there is a kernel: the operator and its types. */
function kindOf({ op, domain, inputs, outputs }: Node): string {
  const elems = inputs.map((view) => view?.value.elem ?? "");
  return `${op}|${domain}|${elems}|${outputs.map(({ elem }) => elem)}`;
}

/** Tells of nodes that leave the device. */
export interface Teller {
  /** Says, once of each tfjs kernel, that a part of it is computed by the processor. */
  tell(nodes: readonly Node[]): void;
}

/** @param runtime whose device is asked, with a program of each kind of node by itself */
export function newTeller(
  runtime: Pick<Runtime, "compile">,
  say: (text: string) => void = (text) => console.warn(text),
): Teller {
  const hasKernel = new Map<string, boolean>();
  const told = new Set<string>();
  const stays = (node: Node): boolean => {
    if (isWrongThere(node)) return false;
    const kind = kindOf(node);
    let answer = hasKernel.get(kind);
    if (answer === undefined) {
      answer = compilesThere(runtime, node);
      hasKernel.set(kind, answer);
    }
    return answer;
  };
  return {
    tell(nodes) {
      const fresh = new Map<string, Set<string>>();
      for (const node of nodes) {
        const { kernel, op } = node;
        const name = `${kernel} ${op}`;
        if (told.has(name) || stays(node)) continue;
        told.add(name);
        fresh.set(kernel, (fresh.get(kernel) ?? new Set()).add(op));
      }
      if (fresh.size === 0) return;
      const names = [...fresh].map(([kernel, ops]) => `${kernel} (ONNX's ${[...ops].join(", ")})`);
      say(
        `onnxruntime: the processor computes ${names.join("; ")}, which the GPU does not: each is a wait for it`,
      );
    },
  };
}

/** Whether a node alone compiles for the device with nothing left to the processor. */
function compilesThere(runtime: Pick<Runtime, "compile">, node: Node): boolean {
  const inputs: View[] = [];
  for (const view of node.inputs) {
    if (view === undefined || view.value.constant !== undefined) continue;
    if (!inputs.some(({ value, shape }) => value === view.value && `${shape}` === `${view.shape}`))
      inputs.push(view);
  }
  const alone = { nodes: [node], inputs, outputs: node.outputs, key: new Int32Array(), hash: 0 };
  try {
    runtime.compile(encodeModel(modelOf(alone).model), { threads: 1, strict: true }).dispose();
    return true;
  } catch (error) {
    return !/fallback/.test(String(error));
  }
}
