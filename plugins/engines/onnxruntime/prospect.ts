/**
 * What a GPU is worth on the machine at hand: one step of convolutions, timed there and on the processor. That a GPU is
 * there says nothing: small dense networks are as fast or faster on a processor.
 *
 * @module
 */
import type { EngineProspect } from "../../../core/mod.ts";
import { mayHaveGpu } from "../webgpu/gpu.ts";
import { Elem, encodeModel, type ModelNode } from "./model.ts";
import { loadNative } from "./native.ts";
import type { Runtime } from "./runtime.ts";

/** Merits to choose from. */
export interface Merits {
  readonly gpu: number;
  readonly none: number;
}

/** How many times as fast a GPU has to be: less is lost again on small nodes. */
const WORTH_IT = 2;

/** What it is worth, and why. @throws Error where the provider does not load */
export function prospectOfGpu({ gpu, none }: Merits): EngineProspect {
  if (!mayHaveGpu()) return { merit: none, because: "on webgpu: no GPU is visible here" };
  const there = loadNative("webgpu");
  const { name, software } = there.device!;
  if (software) return { merit: none, because: `on webgpu: only a software adapter answers (${name})` };
  return judged(name, timed(there), timed(loadNative("cpu")), { gpu, none });
}

/** @param there milliseconds on the GPU @param here milliseconds on the processor */
export function judged(name: string, there: number, here: number, { gpu, none }: Merits): EngineProspect {
  const found = `convolutions take ${there.toFixed(1)} ms on ${name}, ${here.toFixed(1)} ms on the processor`;
  return here >= WORTH_IT * there
    ? {
        merit: gpu,
        because: `on webgpu: ${found}; small dense networks may be faster with engine: onnxruntime`,
      }
    : { merit: none, because: `on webgpu: ${found}` };
}

/** Convolutions one after the other, batch and channels as in the networks for CIFAR-10. */
const LAYERS = 6;
const IMAGE = [32, 96, 16, 16];

/** Milliseconds for them: the least of a few runs. */
function timed(runtime: Runtime): number {
  const nodes: ModelNode[] = Array.from({ length: LAYERS }, (_, i) => ({
    name: `conv ${i}`,
    op: "Conv",
    domain: "",
    attributes: { kernel_shape: [3, 3], pads: [1, 1, 1, 1] },
    inputs: [i === 0 ? "x" : `y${i}`, "w"],
    outputs: [i === LAYERS - 1 ? "y" : `y${i + 1}`],
  }));
  nodes.push({
    name: "sum",
    op: "ReduceSum",
    domain: "",
    attributes: { keepdims: 0 },
    inputs: ["y"],
    outputs: ["sum"],
  });
  const [image, filter] = [
    { elem: Elem.float32, shape: IMAGE },
    { elem: Elem.float32, shape: [96, 96, 3, 3] },
  ];
  const model = encodeModel({
    inputs: [
      { name: "x", ...image },
      { name: "w", ...filter },
    ],
    outputs: [{ name: "sum", elem: Elem.float32, shape: [] }],
    initializers: [],
    nodes,
  });
  const session = runtime.compile(model, { threads: runtime.maxThreads });
  const zeros = ({ shape }: { shape: number[] }): Float32Array =>
    new Float32Array(shape.reduce((a, b) => a * b));
  const placed = ({ elem, shape }: typeof image) => {
    const data = zeros({ shape });
    return { elem, shape, data: runtime.device?.upload(data, elem, shape) ?? data };
  };
  const feeds = { x: placed(image), w: placed(filter) };
  const fetches = { sum: { elem: Elem.float32, shape: [], data: new Float32Array(1) } };
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 4; i++) {
    const begun = performance.now();
    session.run(feeds, fetches);
    least = Math.min(least, performance.now() - begun);
  }
  session.dispose();
  for (const { data } of Object.values(feeds)) if ("handle" in data) data.dispose();
  return least;
}
