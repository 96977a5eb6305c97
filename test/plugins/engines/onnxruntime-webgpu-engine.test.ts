/** The engine `onnxruntime` on WebGPU, held to what every engine must do, where an adapter answers. */
import t from "tap";
import { checkEngine } from "../../conformance/engine.ts";
import { counts, GPU, gpu, noGpu } from "./onnxruntime-gpu.ts";

t.setTimeout(600_000); // software on a busy machine
await t.test("onnxruntime on WebGPU", { skip: await noGpu() }, async (t) => {
  await checkEngine(t, gpu, {
    holdings: () => {
      const { residents, residentBytes, sessions } = counts();
      return { residents, residentBytes, sessions };
    },
    shorter: {
      engine: GPU,
      "application.steps": "6",
      "application.k": "1",
      "application.samples": "20",
      "application.previews": "0",
      "application.measures": "[]",
      checkpoint: "{ steps: 3 }",
    },
  });
});
