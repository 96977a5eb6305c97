/**
 * What the commands are given by the composition root, so that none of them knows which plugins there are.
 *
 * @module
 */
import type { Plugin } from "../../core/plugin.ts";
import type { RunReader } from "../../core/store.ts";

/** What the commands are given. */
export interface Host {
  /** The plugins that are always there. */
  readonly plugins: readonly Plugin[];
  /** The report of a finished run: one self-contained page of HTML. */
  readonly report: (run: RunReader) => Promise<string>;
}
