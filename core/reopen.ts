/**
 * Runs taken up after their process has gone: their scenario as it was run, and the networks that they have trained.
 *
 * @module
 */
import { newestCheckpoint } from "./checkpoint.ts";
import { InputError } from "./errors.ts";
import { type Network, type NetworkRecord, Networks } from "./network.ts";
import { contextOf, type Plugin } from "./plugin.ts";
import { Key } from "./random.ts";
import { type LoadedScenario, loadScenario } from "./scenario.ts";
import { assign } from "./state.ts";
import { RUN_FILES, type RunReader } from "./store.ts";

/**
 * The scenario of a run as it was run, overrides and all, with its plugins loaded again.
 * @param plugins the built-in ones
 * @throws InputError where a file of the run, or one of its plugins, is missing or damaged
 */
export async function reopenScenario(reader: RunReader, plugins: readonly Plugin[]): Promise<LoadedScenario> {
  const text = async (path: string): Promise<string> => new TextDecoder().decode(await reader.read(path));
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
}

/**
 * Builds a network that a run has kept at the root of its state, with the weights of its newest checkpoint.
 * @param loaded the run's scenario: see {@link reopenScenario}
 * @throws InputError where the run has no such network (listing those it has), or no checkpoint
 */
export async function openNetwork(
  reader: RunReader,
  loaded: Pick<LoadedScenario, "container" | "base">,
  name: string,
): Promise<TrainedNetwork> {
  const { checkpoint } = await newestCheckpoint(reader);
  if (checkpoint === undefined) {
    throw new InputError(`run ${reader.id} has no checkpoint yet: nothing that was trained can be had of it`);
  }
  const { networks } = checkpoint.record.state;
  const record = networks[name];
  if (record === undefined) {
    const there = Object.keys(networks).join(", ") || "none";
    throw new InputError(`run ${reader.id} has no network "${name}"; it has: ${there}`);
  }
  if (record.plan === undefined) {
    throw new InputError(
      `run ${reader.id}: network "${name}" was made by a program, not by a scenario: build it there`,
    );
  }
  const context = contextOf(loaded.container, loaded.base);
  const network = (await context.create(Networks, record.plan)).build(record.ports, Key.from(0));
  for (const [part, variable] of [...network.parameters, ...network.state]) {
    const stored = checkpoint.snapshot.tensors.get(`${name}/${part}`);
    if (stored === undefined) {
      throw new InputError(`run ${reader.id}: ${checkpoint.path} has no values of "${name}/${part}"`);
    }
    assign(variable, stored, `${name}/${part}`);
  }
  return { name, record, network };
}
