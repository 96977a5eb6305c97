/**
 * Engines: the package's `dsgan/engines`. None loads a native library before it is started.
 *
 * @module
 */
export { auto } from "./auto/auto.ts";
export { borrowMissingKernels } from "./borrow.ts";
export { cpu } from "./cpu/cpu.ts";
export { type OnnxruntimeOptions, onnxruntime } from "./onnxruntime/onnxruntime.ts";
export { tensorflow } from "./tensorflow/tensorflow.ts";
export { type WasmOptions, wasm } from "./wasm/wasm.ts";
export { type WebgpuOptions, webgpu } from "./webgpu/webgpu.ts";
