/**
 * Runs taken up after their process has gone: their scenario as it was run, and the networks that they have trained.
 *
 * @module
 */
import { z } from "zod";
import { type Network, type NetworkRecord, Networks } from "../model/network.ts";
import type { Context } from "../plugin/component.ts";
import { contextOf } from "../plugin/context.ts";
import { InputError } from "../plugin/errors.ts";
import type { PluginExport } from "../plugin/plugin.ts";
import { newestCheckpoint } from "../run/checkpoint.ts";
import { assign } from "../run/state.ts";
import { RUN_FILES, type RunReader, Stores } from "../run/store.ts";
import { type LoadedScenario, loadScenario } from "../scenario/scenario.ts";
import { Key } from "../tensor/key.ts";
import type { StoredTensor } from "../tensor/safetensors.ts";

/**
 * The scenario of a run as it was run, overrides and all, with its plugins loaded again.
 * @param plugins the built-in ones
 * @throws InputError where a file of the run, or one of its plugins, is missing or damaged
 */
export async function reopenScenario(
  reader: RunReader,
  plugins: readonly PluginExport[],
): Promise<LoadedScenario> {
  const text = async (path: string): Promise<string> => new TextDecoder().decode(await reader.read(path));
  for (const path of [RUN_FILES.scenario, RUN_FILES.environment]) {
    if ((await reader.files(path)).includes(path)) continue;
    throw new InputError(
      `run ${reader.id} has no ${path}: it was stopped before it had begun, or the file was removed. Start it anew`,
    );
  }
  const environment = await text(RUN_FILES.environment);
  let base: URL;
  try {
    base = new URL((JSON.parse(environment) as { base: string }).base);
  } catch (cause) {
    throw new InputError(`run ${reader.id}: ${RUN_FILES.environment} is damaged: it names no base`, {
      cause,
    });
  }
  const file = `run ${reader.id}: ${RUN_FILES.scenario}`;
  return await loadScenario(await text(RUN_FILES.scenario), { base, file, plugins });
}

/** A network of a run, its weights as they were last written down. */
export interface TrainedNetwork {
  readonly name: string;
  readonly record: NetworkRecord;
  readonly network: Network;
  /** All of its parameters and state, by the names that it has for them. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

/** What a run had trained when its newest checkpoint was written. */
export interface Trained {
  /** Path of the checkpoint, relative to the run. */
  readonly checkpoint: string;
  /** Names of the networks kept at the root of the run's state: those that outlive their stage. */
  readonly names: readonly string[];
  /** @throws InputError where there is no such network, listing those there are */
  record(name: string): NetworkRecord;
  /**
   * Builds a network, on the engine in use, with the weights it had.
   * @throws InputError as {@link record} does, and where it cannot be built again as it was
   */
  open(name: string): Promise<TrainedNetwork>;
}

/**
 * Reads the newest checkpoint of a run, which may have ended, been interrupted, or be going on.
 * @param loaded the run's scenario: see {@link reopenScenario}
 * @throws InputError where there is none
 */
export async function openTrained(
  reader: RunReader,
  loaded: Pick<LoadedScenario, "registry" | "base">,
): Promise<Trained> {
  const { checkpoint } = await newestCheckpoint(reader);
  if (checkpoint === undefined) {
    throw new InputError(`run ${reader.id} has no checkpoint yet: nothing that was trained can be had of it`);
  }
  const { path } = checkpoint;
  const { networks } = checkpoint.record.state;
  const record = (name: string): NetworkRecord => {
    if (Object.hasOwn(networks, name)) return networks[name]!;
    const there = Object.keys(networks).join(", ") || "none";
    throw new InputError(`run ${reader.id} has no network "${name}"; it has: ${there}`);
  };
  return {
    checkpoint: path,
    names: Object.keys(networks).filter((name) => !name.includes("/")),
    record,
    async open(name) {
      const { plan, ports } = record(name);
      if (plan === undefined) {
        throw new InputError(
          `run ${reader.id}: network "${name}" was made by a program, not by a scenario: build it there`,
        );
      }
      const context = contextOf(loaded.registry, loaded.base);
      const network = (await context.create(Networks, plan)).build(ports, Key.from(0));
      const tensors = new Map<string, StoredTensor>();
      for (const [part, variable] of [...network.parameters, ...network.state]) {
        const stored = checkpoint.snapshot.tensors.get(`${name}/${part}`);
        if (stored === undefined) {
          throw new InputError(`run ${reader.id}: ${path} has no values of "${name}/${part}"`);
        }
        assign(variable, stored, `${name}/${part}`);
        tensors.set(part, stored);
      }
      return { name, record: { plan, ports }, network, tensors };
    },
  };
}

/** A network that a run has kept: {@link openTrained} of one alone. */
export async function openNetwork(
  reader: RunReader,
  loaded: Pick<LoadedScenario, "registry" | "base">,
  name: string,
): Promise<TrainedNetwork> {
  return await (await openTrained(reader, loaded)).open(name);
}

/** How a scenario names a run whose results it goes on from. */
export interface EarlierRun {
  /** Its id. */
  readonly run: string;
  /** Folder of the runs. */
  readonly runs: string;
}

/** The schema of {@link EarlierRun}, for an options schema to take in. */
export function earlierRunShape(): { run: z.ZodString; runs: z.ZodDefault<z.ZodString> } {
  return {
    run: z.string().min(1).describe("Id of the run: `dsgan list runs` shows them."),
    runs: z.string().min(1).default("runs").describe("Folder of the runs, from where the command runs."),
  };
}

/**
 * What an earlier run has trained. Plugins it needs must be among the scenario's own.
 * @throws InputError where there is no such run, or it has no checkpoint
 */
export async function openEarlier({ run, runs }: EarlierRun, context: Context): Promise<Trained> {
  const store = await context.create(Stores, { use: "folder", folder: runs });
  const loaded = { registry: context.registry, base: context.locate(".") };
  return await openTrained(await store.open(run), loaded);
}
