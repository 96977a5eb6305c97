/**
 * All kernels of the engine.
 *
 * @module
 */
import { borrowMissingKernels } from "../../borrow.ts";
import { BACKEND } from "../backend.ts";
import { registerBinary } from "./binary.ts";
import { registerConv } from "./conv.ts";
import { registerCreate } from "./create.ts";
import { registerGather } from "./gather.ts";
import { registerMatMul } from "./matmul.ts";
import { registerPool } from "./pool.ts";
import { registerReduce } from "./reduce.ts";
import { registerResize } from "./resize.ts";
import { registerShape } from "./shape.ts";
import { registerUnary } from "./unary.ts";

/** Registers every kernel with tfjs; those without an ONNX form are borrowed from `cpu`. */
export function registerKernels(): void {
  registerUnary();
  registerBinary();
  registerMatMul();
  registerReduce();
  registerShape();
  registerCreate();
  registerGather();
  registerConv();
  registerPool();
  registerResize();
  borrowMissingKernels(BACKEND);
}
