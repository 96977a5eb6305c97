/**
 * Stores whose writers ship what they keep in the background, checked like all others.
 *
 * @module
 */
import type { RunWriter, Store } from "../../core/mod.ts";

/** The same store, each method of whose writers waits until readers see what it did: see `RunWriter.flush`. */
export function settled(store: Store): Store {
  const settle = (writer: RunWriter): RunWriter => {
    const flush = writer.flush?.bind(writer);
    if (flush === undefined) return writer;
    return {
      ...writer,
      append: (event) => writer.append(event).then(flush),
      write: (path, data) => writer.write(path, data).then(flush),
      remove: (path) => writer.remove(path).then(flush),
    };
  };
  return {
    ...store,
    create: async (scenario, options) => settle(await store.create(scenario, options)),
    resume: async (id, options) => settle(await store.resume(id, options)),
  };
}
