/**
 * The operators that are supported, by their ONNX names.
 *
 * @module
 */
import type { Operators } from "../node.ts";
import { activations } from "./activation.ts";
import { attentions } from "./attention.ts";
import { constants } from "./constants.ts";
import { convolutions } from "./conv.ts";
import { integers } from "./integer.ts";
import { products } from "./matmul.ts";
import { normalisations } from "./norm.ts";
import { paddings } from "./pad.ts";
import { pointwise } from "./pointwise.ts";
import { pooling } from "./pool.ts";
import { quantisation } from "./quantize.ts";
import { reductions } from "./reduce.ts";
import { resizing } from "./resize.ts";
import { shapes } from "./shape.ts";

/** All of them. */
export const operators: Operators = {
  ...pointwise,
  ...activations,
  ...shapes,
  ...constants,
  ...reductions,
  ...products,
  ...attentions,
  ...convolutions,
  ...pooling,
  ...normalisations,
  ...resizing,
  ...paddings,
  ...quantisation,
  ...integers,
};
