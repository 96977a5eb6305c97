/**
 * The option that every target has.
 *
 * @module
 */
import { z } from "../../core/mod.ts";

/** α of Eq. (1), in [0, 1); the paper's case studies take 0.8 (Sec. 2.2). */
export const alphaSchema = z
  .number()
  .min(0)
  .lt(1)
  .default(0.8)
  .describe("α of Eq. (1): share of pd in the mixture (1 − α)·pg + α·pd.");
