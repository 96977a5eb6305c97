/**
 * Where the commands find runs.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { basename, dirname, join, resolve, sep } from "node:path";
import { InputError, RUN_FILES, type RunReader, type Store, withoutSecrets } from "../../core/mod.ts";
import { openStore } from "../trainer/open-store.ts";
import type { Host } from "./host.ts";

/** Options of every command that reads or writes runs. */
export interface RunsOptions {
  /** A folder, or the URL of a store. */
  readonly runs: string;
  /** Plugins that bring a store: paths (from the working directory), URLs or names of packages. */
  readonly plugin?: readonly string[];
}

/** What a trainer is told of the place of runs. */
export function placeOf({ runs, plugin }: RunsOptions): {
  readonly runs: string;
  readonly storePlugins?: readonly string[];
} {
  return { runs, ...(plugin && { storePlugins: plugin }) };
}

/** The store of runs. @throws InputError where there is none such */
export async function storeOf(options: RunsOptions, { plugins }: Host): Promise<Store> {
  return await openStore(placeOf(options), plugins);
}

/** A run that a user has named. */
export interface NamedRun {
  /** Where it is kept: that of the options, or the folder that its path lies in. */
  readonly runs: string;
  readonly id: string;
  readonly reader: RunReader;
  readonly store: Store;
}

/**
 * The run that a user names: by its id, by its folder, or as `latest`.
 * @param options where ids are looked for
 * @throws InputError where there is none
 */
export async function runNamed(given: string, options: RunsOptions, host: Host): Promise<NamedRun> {
  const isPath = given.includes("/") || given.includes(sep) || existsSync(join(given, RUN_FILES.events));
  const runs = isPath ? dirname(resolve(given)) : options.runs;
  const store = await storeOf({ ...options, runs }, host);
  const id = given === "latest" ? (await store.list())[0] : isPath ? basename(resolve(given)) : given;
  if (id === undefined) throw new InputError(`there are no runs in ${withoutSecrets(runs)}`);
  return { runs, id, reader: await store.open(id), store };
}
