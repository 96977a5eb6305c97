/**
 * What the commands are given by the composition root, so that none of them knows which plugins there are.
 *
 * @module
 */

import type { Plugin } from "../../core/plugin/plugin.ts";
import type { Painter } from "../../core/run/painter.ts";
import type { RunReader } from "../../core/run/store.ts";

/** What a report is given beside the run. */
export interface ReportOptions {
  /** Draws what the run kept no picture of. */
  readonly painter?: Painter;
  /** The command that runs it again. */
  readonly command?: string;
}

/** What the commands are given. */
export interface Host {
  /** The plugins that are always there. */
  readonly plugins: readonly Plugin[];
  /** The report of a finished run: one self-contained page of HTML. */
  readonly report: (run: RunReader, options: ReportOptions) => Promise<string>;
}
