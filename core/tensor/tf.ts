/**
 * The one place where TensorFlow.js is imported. Plugins take `tf` from here (or from the package's root),
 * so that there is one engine, one registry of kernels, and the gradients that tfjs lacks or has wrong are mended.
 *
 * @module
 */

import { mendGradients } from "./gradients.ts";
import * as tf from "./tfjs.ts";

mendGradients(tf);
// Keeps tfjs from advertising its native backend on every start; changes nothing that it computes.
tf.enableProdMode();

export * from "./tfjs.ts";
