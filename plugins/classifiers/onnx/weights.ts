/**
 * Weights of a graph, in its file or in others beside it.
 *
 * @module
 */
import { InputError, messageOf } from "../../../core/mod.ts";
import { type Files, pathOf } from "../parts/read.ts";
import type { External, FileNode, Graph, StoredTensor } from "./file.ts";
import type { Known } from "./known.ts";

/**
 * Reads the files that the nodes' weights are in.
 * @returns what gives the values of a weight
 * @throws InputError naming a file that is missing, too short, or not below the folder of the graph's
 */
export async function weightsOf(
  { initializers }: Graph,
  nodes: readonly FileNode[],
  location: URL,
  path: string,
  { read }: Files,
): Promise<(tensor: StoredTensor) => Known> {
  const files = new Map<string, Uint8Array>();
  for (const name of nodes.flatMap(({ inputs }) => inputs)) {
    const place = initializers.get(name)?.external?.location;
    if (place === undefined || files.has(place)) continue;
    files.set(place, await read(besides(location, place, path)));
  }
  return (tensor) => {
    try {
      const part = tensor.external && cut(files.get(tensor.external.location)!, tensor.external);
      return { elem: tensor.elem, shape: tensor.shape, data: tensor.values(part) };
    } catch (cause) {
      throw new InputError(`${path}: ${messageOf(cause)}`, { cause });
    }
  };
}

/** A file in the graph's folder, or further down. */
function besides(location: URL, place: string, path: string): URL {
  const folder = new URL(".", location);
  const url = new URL(folder);
  url.pathname += place.split(/[\\/]/).map(encodeURIComponent).join("/");
  if (place === "" || !url.href.startsWith(folder.href)) {
    throw new InputError(`${path}: wants its weights from "${place}", which isn't below ${pathOf(folder)}`);
  }
  return url;
}

function cut(bytes: Uint8Array, { location, offset, length = bytes.length - offset }: External): Uint8Array {
  if (length < 0 || offset + length > bytes.length) {
    throw new Error(
      `"${location}" has ${bytes.length} bytes; those from ${offset} to ${offset + length} are wanted of it`,
    );
  }
  return bytes.subarray(offset, offset + length);
}
