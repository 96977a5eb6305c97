/**
 * Reading arrays from files of NumPy's.
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { InputError, meant, messageOf } from "../../../core/mod.ts";
import { type Parsed, parseNpy } from "./npy.ts";
import { isZip, openNpz } from "./npz.ts";

/** An array and where it comes from. */
export interface NpyArray extends Parsed {
  /** For messages. */
  readonly path: string;
}

const HOW_TO_MAKE = "Write it with NumPy: numpy.save(path, x), x being an array of real numbers";

/**
 * Reads an array from a `.npy` file, or from one of `.npz`, which are told apart by content.
 * @param name of the array in a `.npz` file; not needed where that holds a single one
 * @throws InputError naming the file, what was expected, what was found and how to make it
 */
export async function readArray(url: URL, name?: string): Promise<NpyArray> {
  const path = url.protocol === "file:" ? fileURLToPath(url) : url.href;
  let bytes: Uint8Array;
  try {
    bytes = await readFile(url);
  } catch (cause) {
    const absent = (cause as { code?: unknown }).code === "ENOENT";
    const why = absent ? "there is no such file" : messageOf(cause);
    throw new InputError(`${path}: ${why}. ${HOW_TO_MAKE}`, { cause });
  }
  const of = name === undefined ? path : `${path}: ${name}`;
  try {
    return { ...parseNpy(isZip(bytes) ? member(bytes, path, name) : bytes), path: of };
  } catch (cause) {
    if (cause instanceof InputError) throw cause;
    throw new InputError(`${of}: ${messageOf(cause)}. ${HOW_TO_MAKE}`, { cause });
  }
}

/** An array of an archive. */
function member(bytes: Uint8Array, path: string, name: string | undefined): Uint8Array {
  const arrays = openNpz(bytes);
  const names = [...arrays.keys()];
  const list = names.join(", ");
  const open = name === undefined && names.length === 1 ? arrays.get(names[0]!) : arrays.get(name ?? "");
  if (open !== undefined) return open();
  if (names.length === 0)
    throw new InputError(`${path} holds no arrays. Write it with NumPy: numpy.savez(path, x=x)`);
  throw new InputError(
    name === undefined
      ? `${path} holds ${names.length} arrays: say which, as in { file: …, array: ${names[0]} } (dsgan score: --array ${names[0]}). It has: ${list}`
      : `${path} has no array "${name}"${meant(name, names) || "."} It has: ${list}`,
  );
}
