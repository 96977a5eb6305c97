/**
 * Warns where a process loads the core twice, as it does when a plugin has a dsgan of its own, or when `dist/` is used
 * beside the sources. Errors and contracts are shared by symbols; TensorFlow.js and its engine are not.
 *
 * @module
 */
import { CORE_VERSION } from "./plugin.ts";

/** Where each copy was loaded from, with its version: shared by all copies. */
const COPIES = Symbol.for("dsgan:copies");
const shared = globalThis as { [COPIES]?: Map<string, string> };

/**
 * Notes that a copy was loaded, and warns at the second one.
 * @param url of the copy; a bundle may have none
 */
export function noteCopy(url: string | undefined): void {
  shared[COPIES] ??= new Map();
  const copies = shared[COPIES];
  if (url === undefined || copies.has(url)) return;
  copies.set(url, CORE_VERSION);
  if (copies.size !== 2) return;
  const list = [...copies].map(([place, version]) => `${version} from ${place}`).join(" and ");
  console.warn(
    `dsgan: its core is loaded twice, ${list}. Tensors of one copy mean nothing to the other. A plugin's package ` +
      "must have dsgan as a peerDependency and install none of its own (npm ls dsgan shows who does); in a clone, " +
      "remove dist/",
  );
}

noteCopy(new URL("../", import.meta.url).href);
