/**
 * The event logs of a store's runs. Those that were read lately are kept open.
 *
 * @module
 */
import type { Store } from "../../core/run/store.ts";
import { type IsOrdered, openLog, type Position, type RunLog } from "./log.ts";
import { notFound } from "./problem.ts";

/** A run's log, and how far the run had come when it was opened. */
export interface Opened {
  readonly log: RunLog;
  readonly position: Position;
}

/** The logs of a store. */
export interface Logs {
  /** Opens a run's log and looks for new events. @throws Refusal 404 where there is no such run */
  open(id: string): Promise<Opened>;
}

/** Logs that are kept open, and the memory they may take together. */
const MOST_LOGS = 256;
const MOST_BYTES = 256e6;

/** The logs of a store. */
export function logsOf(store: Store, isOrdered: IsOrdered): Logs {
  const kept = new Map<string, { readonly log: RunLog; readonly generation: string }>(); // the latest used comes last
  const opening = new Map<string, Promise<Opened>>();

  const makeRoom = (): void => {
    let bytes = [...kept.values()].reduce((sum, { log }) => sum + log.bytes, 0);
    for (const [old, { log }] of kept) {
      if (kept.size <= 1 || (kept.size <= MOST_LOGS && bytes <= MOST_BYTES)) break;
      kept.delete(old);
      bytes -= log.bytes;
    }
  };
  const openAnew = async (id: string): Promise<Opened> => {
    const log = await openLog(store, id, isOrdered);
    const position = await log.look();
    kept.delete(id);
    kept.set(id, { log, generation: position.generation });
    makeRoom();
    return { log, position };
  };
  const open = async (id: string): Promise<Opened> => {
    const known = kept.get(id);
    if (known !== undefined) {
      const position = await known.log.look();
      if (position.generation === known.generation && known.generation !== "") {
        kept.delete(id);
        kept.set(id, known);
        return { log: known.log, position };
      }
      if (kept.get(id) === known) kept.delete(id); // the run was removed, and perhaps made anew
    }
    const pending = opening.get(id) ?? openAnew(id).finally(() => opening.delete(id));
    opening.set(id, pending);
    return await pending;
  };

  return { open: (id) => open(id).catch(notFound) };
}
