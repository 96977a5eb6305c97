/**
 * The option that encoder and decoder share.
 *
 * @module
 */
import { filtersSchema } from "../options.ts";

export const vaeShape = {
  filters: filtersSchema
    .min(1)
    .default([16, 32, 64])
    .describe(
      "Filters of the convolutions, from the image on, alike in encoder and decoder; 32, 64, 128 for images of 32 × 32.",
    ),
};
