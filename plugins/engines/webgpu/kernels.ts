/**
 * Matrix products whose sums are added in one order.
 *
 * tfjs splits long sums over workgroups which add their parts as they come (`MatMulSplitKProgram`, atomics): the last
 * bits are then another number each time. Here such products are computed by the tiles that serve large matrices.
 *
 * @module
 */
import { tf } from "../../../core/mod.ts";

/** From this length of sums on tfjs may split them (BatchMatMul_impl.ts). */
const SPLIT_FROM = 2000;
/** `MatMulProgramType.MatMulPackedProgram` (webgpu_util.ts). */
const PACKED = 3;
const CHOSEN_BY_SIZE = -1;
const FLAG = "WEBGPU_MATMUL_PROGRAM_TYPE";

type Params = Parameters<tf.KernelFunc>[0];

const innerOf = ({ inputs, attrs }: Params): number => inputs.a!.shape.at(attrs!.transposeA ? -2 : -1)!;
const windowOf = ({ inputs }: Params): number => inputs.filter!.shape.slice(0, 3).reduce((a, b) => a * b, 1);

/** Length of the sums in each kernel that is computed as a matrix product. */
const SUMMED: Readonly<Record<string, (params: Params) => number>> = {
  BatchMatMul: innerOf,
  _FusedMatMul: innerOf,
  Conv2D: windowOf,
  FusedConv2D: windowOf,
};

let kept = false;

/**
 * Keeps sums in order; once in a process.
 * @param software computes every product by tiles: what tfjs chooses for few outputs takes a thousand times as long on a
 *   processor, which has to act a whole workgroup that waits at a barrier
 */
export function keepSumsInOrder(software: boolean): void {
  tf.env().set(FLAG, software ? PACKED : CHOSEN_BY_SIZE);
  if (kept) return;
  kept = true;
  for (const [kernelName, summed] of Object.entries(SUMMED)) {
    const own = tf.getKernel(kernelName, "webgpu");
    tf.unregisterKernel(kernelName, "webgpu");
    tf.registerKernel({
      ...own,
      kernelFunc(params) {
        if (summed(params) < SPLIT_FROM) return own.kernelFunc(params);
        const before = tf.env().getNumber(FLAG);
        tf.env().set(FLAG, PACKED);
        try {
          return own.kernelFunc(params);
        } finally {
          tf.env().set(FLAG, before);
        }
      },
    });
  }
}
