/** The report of `npm run gpu:check`. */
import t from "tap";
import { reportOf } from "./gpu/report.ts";

t.test("reportOf() shows times by case and engine, what failed, and what was left out", async (t) => {
  const text = reportOf({
    machine: { NVIDIA: "GPU 0: NVIDIA H200" },
    engines: "onnxruntime works\n",
    timings: [
      { case: "toy-wgan-gp", engine: "onnxruntime-webgpu", ms: [30, 10, 20] },
      { case: "cifar-gan", engine: "onnxruntime-webgpu", ms: [7] },
      { case: "toy-wgan-gp", engine: "PyTorch graph", ms: [], failure: "no\ncapture" },
    ],
    scenarios: { "smoke/line": "passed line" },
    ops: { passed: 2904, failed: ["tan gradients"] },
    left: ["op tests: no time was left"],
  });
  t.match(text, "- NVIDIA: GPU 0: NVIDIA H200");
  t.match(text, "| case | onnxruntime-webgpu | PyTorch graph |");
  t.match(text, "| `toy-wgan-gp` | 20.0 (10.0 to 20.0) | failed |");
  t.match(text, "| `cifar-gan` | 7.00 (7.00 to 7.00) |  |");
  t.match(text, "- toy-wgan-gp on PyTorch graph: no capture");
  t.match(text, "- smoke/line: passed line");
  t.match(text, "2904 pass, 1 fail.\n\n- tan gradients");
  t.match(text, "## Left out\n\n- op tests: no time was left");
});

t.test("reportOf() is a page before anything is found", async (t) => {
  const text = reportOf({ machine: {}, engines: "", timings: [], scenarios: {}, left: [] });
  t.notMatch(text, /undefined|op tests|Left out/);
});
