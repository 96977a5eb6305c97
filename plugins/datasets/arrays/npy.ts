/**
 * Reading NumPy's `.npy` files.
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parse } from "npyjs";
import { InputError, messageOf, sizeOf } from "../../../core/mod.ts";

/** An array, the last dimension running fastest. */
export interface NpyArray {
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
  /** Where it comes from, for messages. */
  readonly path: string;
}

const NUMBERS = /^([iu][1248]|f[248]|b1)$/;
/** 64-bit integers come as bigint, booleans as boolean. */
const NOT_AS_NUMBERS = /^([iu]8|b1)$/;
const HOW_TO_MAKE = "Write it with NumPy: numpy.save(path, numpy.ascontiguousarray(x, numpy.float32))";

/** @throws InputError naming the file, what was expected, what was found and how to make it */
export async function readNpy(url: URL): Promise<NpyArray> {
  const path = url.protocol === "file:" ? fileURLToPath(url) : url.href;
  try {
    return { ...parsed(await readFile(url)), path };
  } catch (cause) {
    const absent = (cause as { code?: unknown }).code === "ENOENT";
    throw new InputError(`${path}: ${absent ? "there is no such file" : messageOf(cause)}. ${HOW_TO_MAKE}`, {
      cause,
    });
  }
}

function parsed(bytes: Uint8Array): Omit<NpyArray, "path"> {
  const { data, shape, dtype, fortranOrder } = decoded(bytes);
  if (!NUMBERS.test(dtype)) throw new Error(`expected real numbers, found dtype ${dtype}`);
  if (fortranOrder && shape.length > 1) throw new Error("expected rows in C order, found Fortran order");
  const found = data as unknown as ArrayLike<number>;
  if (found.length !== sizeOf(shape)) {
    throw new Error(`expected ${sizeOf(shape)} values of shape (${shape.join(", ")}), found ${found.length}`);
  }
  return { shape, values: NOT_AS_NUMBERS.test(dtype) ? Array.from(found, Number) : found };
}

function decoded(bytes: Uint8Array): ReturnType<typeof parse> {
  try {
    return parse(new Uint8Array(bytes).buffer); // a copy: a Buffer may be a window on a larger one
  } catch (cause) {
    throw new Error(
      `expected a sound .npy file, found ${bytes.length} bytes that are not: ${messageOf(cause)}`,
      { cause },
    );
  }
}
