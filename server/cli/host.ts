/**
 * What a program gives the commands, so that no command knows which plugins there are.
 *
 * @module
 */
import type { Plugin } from "../../core/plugin/plugin.ts";
import type { RunReader } from "../../core/run/store.ts";
import type { ReportOptions } from "../report/report.ts";

/** Plugins and reports for the commands. */
export interface Host {
  /** The plugins that every scenario may use. */
  readonly plugins: readonly Plugin[];
  /** Makes the report of a run: one self-contained page of HTML. */
  readonly report: (run: RunReader, options: ReportOptions) => Promise<string>;
}
