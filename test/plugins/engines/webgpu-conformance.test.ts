/** The engine against somebody else's tests, where an adapter answers: those of tfjs-core's ops. */
import t from "tap";
import { checkOps } from "../../conformance/tfjs/check.ts";
import { webgpuExclusions } from "../../conformance/tfjs/exclusions.ts";
import { noAdapter } from "./adapter.ts";

t.setTimeout(600_000); // software on a busy machine
await t.test("tfjs-core's op tests on WebGPU", { skip: await noAdapter() }, async (t) => {
  await checkOps(t, "webgpu", webgpuExclusions);
});
