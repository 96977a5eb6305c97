/** The second thread that makes noise: `noise.ts` starts it. @module */
import { workerData } from "node:worker_threads";
import { type Run, serve } from "./noise-tasks.ts";

const { module, memory } = workerData as { module: WebAssembly.Module; memory: WebAssembly.Memory };
const { exports } = new WebAssembly.Instance(module, { env: { memory } });
serve(new Int32Array(memory.buffer), exports.run as Run);
