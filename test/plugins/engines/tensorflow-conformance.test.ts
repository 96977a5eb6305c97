/** The engine against somebody else's tests, where the package's real addon loads: those of tfjs-core's ops. */
import t from "tap";
import { messageOf } from "../../../core/mod.ts";
import { tensorflow } from "../../../plugins/engines/tensorflow/tensorflow.ts";
import { checkOps } from "../../conformance/tfjs/check.ts";
import { tensorflowExclusions } from "../../conformance/tfjs/exclusions.ts";

const missing = await tensorflow()
  .start()
  .then(() => undefined, messageOf);
await t.test("tfjs-core's op tests on the addon", { skip: missing ?? false }, async (t) => {
  await checkOps(t, "tensorflow", tensorflowExclusions);
});
