/**
 * The one place where TensorFlow.js is imported. Plugins take `tf` from here (or from the package's root),
 * so that there is one engine, one registry of kernels, and the gradients that tfjs lacks are always there.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { registerMissingGradients } from "./gradients.ts";

registerMissingGradients(tf);

export * from "@tensorflow/tfjs";
