/// <reference types="@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.d.ts" preserve="true" />
/**
 * TensorFlow.js, of the packages that are used here: the package that unites them all brings a bundle of 141 MB, and
 * parts for browsers. It alone gives tensors their methods (`x.reshape(…)`), which plugins call: the reference has their
 * types, {@link addMethods} the methods.
 *
 * @module
 */
import * as core from "@tensorflow/tfjs-core";
import { addMethods } from "./methods.ts";

export * from "@tensorflow/tfjs-backend-cpu";
export * from "@tensorflow/tfjs-converter";
export * from "@tensorflow/tfjs-core";
export * from "@tensorflow/tfjs-layers";

addMethods(core);
