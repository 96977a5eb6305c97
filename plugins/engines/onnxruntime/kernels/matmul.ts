/**
 * Matrix products.
 *
 * @module
 */
import { tf } from "../../../../core/mod.ts";
import { Elem } from "../model.ts";
import { activated, type FusedAttrs } from "./activation.ts";
import { kernel } from "./kernel.ts";
import { add, matMul, type Transposes } from "./products.ts";

/** Registers them. */
export function registerMatMul(): void {
  kernel<Transposes>("BatchMatMul", ({ g, input, attrs }) => matMul(g, input("a"), input("b"), attrs));
  kernel<Transposes & FusedAttrs>("_FusedMatMul", ({ g, input, optional, attrs }) => {
    const product = matMul(g, input("a"), input("b"), attrs);
    const bias = optional("bias");
    const sum = bias === undefined ? product : add(g, product, bias);
    return activated(g, sum, attrs, optional("preluActivationWeights"));
  });
  kernel<{ equation: string }>("Einsum", ({ g, list, attrs }) => {
    const { allDims, summedDims, idDims } = tf.backend_util.decodeEinsumEquation(
      attrs.equation,
      list.length,
    ) as unknown as { allDims: string[]; summedDims: number[]; idDims: number[][] };
    const sizes = new Array<number>(allDims.length).fill(1);
    list.forEach((x, i) => {
      idDims[i]!.forEach((dim, axis) => {
        sizes[dim] = x.shape[axis]!;
      });
    });
    tf.backend_util.checkEinsumDimSizes(
      allDims.length,
      idDims,
      list.map(({ shape }) => ({ shape })) as tf.Tensor[],
    );
    if (list.some((x) => x.value.elem !== Elem.float32)) return undefined;
    const equation = attrs.equation.replace(/\s/g, "");
    const kept = equation.split("->")[1] ?? "";
    const shape = [...kept].map((letter) => sizes[allDims.indexOf(letter)]!);
    if (shape.includes(undefined as unknown as number) || summedDims === undefined) return undefined;
    return g.op("Einsum", list, Elem.float32, shape, { attributes: { equation } });
  });
}
