/**
 * Options that networks share.
 *
 * @module
 */
import { z } from "../../core/mod.ts";

/** Widths of dense layers, from the input on. */
export const widthsSchema = z.array(z.int().positive());

/** Filters of convolutions, from the input on. */
export const filtersSchema = z.array(z.int().positive());
