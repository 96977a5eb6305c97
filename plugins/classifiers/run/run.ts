/**
 * A network that another run has trained.
 *
 * @module
 */
import {
  type ClassifierSource,
  Classifiers,
  type Context,
  component,
  type EarlierRun,
  earlierRunShape,
  InputError,
  openEarlier,
  type Preprocessing,
  preprocessingShape,
  z,
} from "../../../core/mod.ts";
import { networkClassifier } from "../parts/network.ts";

/** Options of {@link fromRun}. */
export interface FromRunOptions extends Preprocessing, EarlierRun {
  /** What the run calls the network. */
  readonly network: string;
}

/** Opens a network with the weights of the run's newest checkpoint. Plugins it needs must be among the scenario's. */
export function fromRun(options: FromRunOptions, context: Context): ClassifierSource {
  return {
    name: "run",
    // biome-ignore lint/correctness/useYield: the contract's generator; reading a file has no progress to tell
    async *open(place) {
      const { network, record } = await (await openEarlier(options, context)).open(options.network);
      const bounds = options.bounds ?? record.ports.inputRange;
      try {
        const classifier = networkClassifier(network, place, { ...options, bounds });
        await place.check?.(classifier);
        return classifier;
      } catch (error) {
        network.dispose();
        throw error instanceof InputError
          ? new InputError(`run ${options.run}: ${error.message}`, { cause: error })
          : error;
      }
    },
  };
}

/** How a scenario names it: `{ use: run, run: mnist-20260101-120000-ab12, network: classifier }`. */
const runComponent = component(Classifiers, {
  name: "run",
  summary: "A network that another run has trained",
  options: () =>
    z.strictObject({
      ...earlierRunShape(),
      network: z.string().min(1).default("classifier").describe("What the run calls the network."),
      ...preprocessingShape(),
    }),
  create: fromRun,
});

export default runComponent;
