/** Sweeps for tests, of a scenario with quick components. */
import { type LoadedSweep, loadSweep, type PluginExport, type ScenarioText } from "../../../core/mod.ts";
import { builtinPlugins } from "../../../plugins/mod.ts";

const base = new URL(import.meta.url);

const RING = `
name: ring
application:
  use: generate
  target: { use: convolution, data: ring, noise: { normal: 0.4 }, alpha: 0.8 }
  optimizer: { use: adam, learningRate: 0.001 }
  k: 1
  m: 64
  steps: 1000
  measures: [geometry]
`;

/** Loads a sweep whose scenario is `ring`. */
export function sweepOf(
  text: string,
  scenario: string = RING,
  further: readonly PluginExport[] = [],
): Promise<LoadedSweep> {
  const find = (given: string): ScenarioText => ({
    text: scenario,
    file: `${given}.yaml`,
    base,
    name: given,
  });
  return loadSweep(text, {
    base,
    file: "sweep.yaml",
    name: "sweep",
    plugins: [...builtinPlugins, ...further],
    find,
  });
}
