/** The engine against somebody else's tests: those of tfjs-core's ops. */
import t from "tap";
import { checkOps } from "../../conformance/tfjs/check.ts";
import { onnxruntimeExclusions } from "../../conformance/tfjs/exclusions.ts";

await checkOps(t, "onnxruntime", onnxruntimeExclusions);
