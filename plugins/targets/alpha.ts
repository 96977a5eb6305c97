/**
 * The option that every target has.
 *
 * @module
 */
import { z } from "../../core/mod.ts";

/** α of Eq. (1), in [0, 1); the paper's case studies take 0.8 (Sec. 2.2). */
export const alphaSchema: z.ZodDefault<z.ZodNumber> = z
  .number()
  .min(0)
  .lt(1)
  .default(0.8)
  .describe("Share of pd in the mixture (1 - alpha) pg + alpha pd of Eq. (1); at least 0, below 1.");
