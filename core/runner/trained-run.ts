/**
 * The networks that a run has trained, opened after its process is gone.
 *
 * @module
 */
import { type Network, type NetworkRecord, Networks } from "../model/network.ts";
import { contextOf } from "../plugin/context.ts";
import { InputError } from "../plugin/errors.ts";
import { newestCheckpoint } from "../run/checkpoint.ts";
import { assign } from "../run/state.ts";
import type { RunReader } from "../run/store.ts";
import type { LoadedScenario } from "../scenario/scenario.ts";
import { Key } from "../tensor/key.ts";
import type { StoredTensor } from "../tensor/safetensors.ts";

/** A network of a run, with the weights of a checkpoint. */
export interface TrainedNetwork {
  readonly name: string;
  readonly record: NetworkRecord;
  readonly network: Network;
  /** All of its parameters and state, by the network's names for them. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

/** What a run had trained by its newest checkpoint. */
export interface Trained {
  /** Id of the run. */
  readonly run: string;
  /** Path of the checkpoint, relative to the run. */
  readonly checkpoint: string;
  /** Names of the networks at the root of the run's state: those that outlive their stage. */
  readonly names: readonly string[];
  /** @throws InputError where there is no such network, listing those there are */
  record(name: string): NetworkRecord;
  /**
   * Builds a network on the engine in use, with its weights.
   * @throws InputError as {@link record} does, and where it cannot be built again
   */
  open(name: string): Promise<TrainedNetwork>;
}

/**
 * Reads the newest checkpoint of a run, which may have ended, been interrupted, or be going on.
 * @param loaded the run's scenario, see `reopenScenario`
 * @throws InputError where there is none
 */
export async function openTrained(
  reader: RunReader,
  loaded: Pick<LoadedScenario, "registry" | "base">,
): Promise<Trained> {
  const { checkpoint } = await newestCheckpoint(reader);
  if (checkpoint === undefined) {
    throw new InputError(`run ${reader.id} has no checkpoint yet, and so no trained network`);
  }
  const { path } = checkpoint;
  const { networks } = checkpoint.record.state;
  const record = (name: string): NetworkRecord => {
    if (Object.hasOwn(networks, name)) return networks[name]!;
    const there = Object.keys(networks).join(", ") || "none";
    throw new InputError(`run ${reader.id} has no network "${name}"; it has: ${there}`);
  };
  return {
    run: reader.id,
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

/** Opens one network of a run, as {@link openTrained} does. */
export async function openNetwork(
  reader: RunReader,
  loaded: Pick<LoadedScenario, "registry" | "base">,
  name: string,
): Promise<TrainedNetwork> {
  return await (await openTrained(reader, loaded)).open(name);
}
