/**
 * Engines: what executes TensorFlow.js programs.
 *
 * @module
 */

import { type Contract, contract } from "../plugin/contract.ts";
import type { OnnxWriter } from "./onnx.ts";

/** What a run says about the engine that it used. */
export interface EngineInfo {
  /** Name of the engine, e.g. `wasm`. */
  readonly name: string;
  readonly version: string;
  /** The device and how it is used, in words. */
  readonly device: string;
  /** Why this engine: asked for by name, or what `auto` found with the others. */
  readonly reason: string;
}

/** What an engine is worth on the machine at hand. */
export interface EngineProspect {
  /** As {@link Engine.merit}, and never above it. */
  readonly merit: number;
  /** What was found, in words. */
  readonly because: string;
}

/** A way to execute tfjs kernels. */
export interface Engine {
  readonly name: string;
  /** `auto` tries engines from the highest merit down; below 0 it never takes them. */
  readonly merit: number;
  /**
   * Looks for the device that the engine is meant for; absent where the engine is worth its merit on any machine.
   * @throws Error saying what is missing and the command that mends it
   */
  look?(): Promise<EngineProspect>;
  /**
   * Makes this engine the one that tfjs uses from now on.
   * @throws Error saying what is missing and the command that mends it
   */
  start(): Promise<EngineInfo>;
  /**
   * Why the engine can compute no more since it was started, such as a device that was lost. Asked where a run breaks:
   * what broke it may be a mere consequence. Absent where nothing of the kind can happen.
   */
  broken?(): Promise<Error | undefined>;
  /** Writes networks down as ONNX files; absent where the engine cannot. */
  readonly onnx?: OnnxWriter;
}

/** The contract under which engines are registered. */
export const Engines: Contract<Engine> = contract("engine");
