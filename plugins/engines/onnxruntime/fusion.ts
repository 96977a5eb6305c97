/**
 * What becomes part of a node in front of it: a convolution in blocks of channels puts its results under a LeakyReLU while they are
 * in the processor's cache. ONNX Runtime does so itself where it made the blocks; here the graph made them.
 *
 * @module
 */
import type { ModelNode } from "./model.ts";

/** The nodes, LeakyReLUs of blocked convolutions that nobody else reads made part of them. */
export function fused(nodes: readonly ModelNode[], outputs: ReadonlySet<string>): ModelNode[] {
  const readers = new Map<string, number>();
  for (const { inputs } of nodes) for (const name of inputs) readers.set(name, (readers.get(name) ?? 0) + 1);
  const alone = (name: string): boolean => readers.get(name) === 1 && !outputs.has(name);
  const makers = new Map(nodes.flatMap((node, at) => node.outputs.map((name) => [name, at] as const)));
  const result: (ModelNode | undefined)[] = [...nodes];
  nodes.forEach((node, at) => {
    if (node.op !== "LeakyRelu" || !alone(node.inputs[0]!)) return;
    // what is computed in blocks is looked at under another shape
    const behind = makers.get(node.inputs[0]!);
    const reshape = behind !== undefined && nodes[behind]!.op === "Reshape" ? behind : undefined;
    const name = reshape === undefined ? node.inputs[0]! : nodes[reshape]!.inputs[0]!;
    const from = makers.get(name);
    const conv = from === undefined ? undefined : result[from];
    if (from === undefined || conv?.op !== "Conv" || conv.domain !== "com.microsoft.nchwc" || !alone(name))
      return;
    if ("activation" in conv.attributes) return;
    const { alpha } = node.attributes as { alpha: { float: number } };
    const attributes = {
      ...conv.attributes,
      activation: "LeakyRelu",
      activation_params: { floats: [alpha.float] },
    };
    const y = node.outputs;
    result[from] = { ...conv, attributes, ...(reshape === undefined && { outputs: y }) };
    if (reshape !== undefined) result[reshape] = { ...nodes[reshape]!, outputs: y };
    result[at] = undefined;
  });
  return result.filter((node) => node !== undefined);
}
