/**
 * The core of dsgan: contracts, plugins, keys, Algorithm 1, scenarios and runs.
 *
 * @module
 */

export { z } from "zod";
export * from "./application.ts";
export * from "./assemble.ts";
export * from "./attack.ts";
export * from "./checkpoint.ts";
export * from "./classifier.ts";
export * from "./dataset.ts";
export * from "./descent.ts";
export * from "./download.ts";
export * from "./engine.ts";
export * from "./errors.ts";
export * from "./event.ts";
export * from "./expectation.ts";
export * from "./judge.ts";
export * from "./likelihood.ts";
export * from "./measure.ts";
export * from "./mixer.ts";
export * from "./names.ts";
export * from "./network.ts";
export * from "./objective.ts";
export * from "./onnx.ts";
export * from "./optimizer.ts";
export type { Override } from "./override.ts";
export * from "./painter.ts";
export * from "./plugin.ts";
export * from "./random.ts";
export * from "./refs.ts";
export * from "./reopen.ts";
export * from "./robustness.ts";
export * from "./run.ts";
export * from "./safetensors.ts";
export * from "./sampler.ts";
export * from "./scenario.ts";
export * from "./semi-supervised.ts";
export * from "./sentinel.ts";
export { readSource, type Source } from "./source.ts";
export * from "./state.ts";
export * from "./step.ts";
export * from "./store.ts";
export * from "./target.ts";
export * as tf from "./tf.ts";
export * from "./train.ts";
export { ziggurat } from "./ziggurat.ts";
