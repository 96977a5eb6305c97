/// <reference types="@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.d.ts" preserve="true" />
/**
 * TensorFlow.js, of the packages that are used here: the package that unites them all brings a bundle of 141 MB, and
 * parts for browsers. The reference has only types: the core's own entry adds the methods of tensors.
 *
 * @module
 */
export * from "@tensorflow/tfjs-backend-cpu";
export * from "@tensorflow/tfjs-converter";
export * from "@tensorflow/tfjs-core";
export * from "@tensorflow/tfjs-layers";
