/**
 * Options that every application of Algorithm 1 has.
 *
 * @module
 */
import { z } from "zod";
import { Optimizers } from "../model/optimizer.ts";
import type { Ref, Refs } from "../plugin/component.ts";
import { Mixers } from "./mixer.ts";
import { Objectives } from "./objective.ts";

/** What an application takes where a scenario says nothing. */
export interface GanDefaults {
  readonly objective: Ref;
  readonly mixer: Ref;
  readonly latent: { readonly size: number; readonly distribution: "normal" | "uniform" };
  readonly k: number;
  readonly m: number;
}

/** The schema of what the game is played with, for an application's own options to take in. */
export function ganShape(refs: Refs, usual: GanDefaults) {
  return {
    objective: refs(Objectives).prefault(usual.objective).describe("Losses of critic and generator."),
    mixer: refs(Mixers).prefault(usual.mixer).describe("How the fake batch is mixed."),
    latent: z
      .strictObject({
        size: z.int().positive().default(usual.latent.size).describe("Width of z."),
        distribution: z
          .enum(["normal", "uniform"])
          .default(usual.latent.distribution)
          .describe("N(0, 1) or U(0, 1), for each value of z."),
      })
      .prefault({})
      .describe("The prior p_z."),
    criticOptimizer: refs(Optimizers).optional().describe("Of the critic; by default the generator's."),
    k: z.int().positive().default(usual.k).describe("Critic steps for each generator step."),
    m: z.int().positive().default(usual.m).describe("Batch size."),
  };
}
