/**
 * A network that another run has trained.
 *
 * @module
 */
import {
  type ClassifierSource,
  ClassifierSources,
  component,
  earlierRunShape,
  InputError,
  openEarlier,
  parseOptions,
  preprocessingOptions,
  z,
} from "../../../core/mod.ts";
import { networkClassifier } from "../parts/network.ts";

const options = z.strictObject({
  ...earlierRunShape(),
  network: z.string().min(1).default("classifier").describe("What the run calls the network."),
  ...preprocessingOptions,
});

/** Options of {@link fromRun}. */
export type FromRunOptions = z.input<typeof options>;

/** Opens a network with the weights of the run's newest checkpoint. Plugins it needs must be among the scenario's. */
export function fromRun(given: FromRunOptions): ClassifierSource {
  const parsed = parseOptions("run", options, given);
  return {
    name: "run",
    // biome-ignore lint/correctness/useYield: the contract's generator; reading a file has no progress to tell
    async *open(place, context) {
      const earlier = await openEarlier(parsed, context);
      const { network, record } = await earlier.open(parsed.network);
      const bounds = parsed.bounds ?? record.ports.inputRange;
      try {
        const classifier = networkClassifier(network, place, { ...parsed, bounds });
        await place.check?.(classifier);
        return classifier;
      } catch (error) {
        network.dispose();
        throw error instanceof InputError
          ? new InputError(`run ${earlier.run}: ${error.message}`, { cause: error })
          : error;
      }
    },
  };
}

/** How a scenario names it: `{ use: run, run: mnist-20260101-120000-ab12, network: classifier }`. */
export default component(ClassifierSources, {
  name: "run",
  summary: "A network that another run has trained",
  options,
  create: (options) => fromRun(options),
});
