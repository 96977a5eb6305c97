/**
 * What the commands are given by the composition root, so that none of them knows which plugins there are.
 *
 * @module
 */
import type { Plugin } from "../../core/plugin/plugin.ts";
import type { RunReader } from "../../core/run/store.ts";
import type { ReportOptions } from "../report/report.ts";

/** What the commands are given. */
export interface Host {
  /** The plugins that are always there. */
  readonly plugins: readonly Plugin[];
  /** The report of a finished run: one self-contained page of HTML. */
  readonly report: (run: RunReader, options: ReportOptions) => Promise<string>;
}
