/** The engine `onnxruntime` on WebGPU against somebody else's tests, where an adapter answers: tfjs-core's ops. */
import t from "tap";
import { checkOps } from "../../conformance/tfjs/check.ts";
import { onnxruntimeWebgpuExclusions } from "../../conformance/tfjs/exclusions.ts";
import { noGpu } from "./onnxruntime-gpu.ts";

t.setTimeout(600_000); // software on a busy machine
await t.test("tfjs-core's op tests on onnxruntime's WebGPU", { skip: await noGpu() }, async (t) => {
  await checkOps(t, { use: "onnxruntime", provider: "webgpu" }, onnxruntimeWebgpuExclusions);
});
