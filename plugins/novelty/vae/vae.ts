/**
 * Novelty detection by DSGAN's latent game: a variational autoencoder, a generator of codes around those of the data, and
 * an autoencoder tuned to rebuild data well and generated codes badly. The score is the error of reconstruction.
 * "Difference-Seeking Generative Adversarial Network — Unseen Sample Generation", ICLR 2020, Sec. 4.3 and its authors' code.
 *
 * @module
 */
import {
  type ApplicationEvent,
  type Component,
  component,
  copyVariables,
  fit,
  type Network,
  type NetworkPlan,
  Networks,
  type Parts,
  parseParts,
} from "../../../core/mod.ts";
import {
  type Autoencoder,
  reconstructionError,
  reconstructionErrorComponent,
  vaeLoss,
} from "../autoencoder.ts";
import { type Learnt, type Scorer, type ScorerProblem, Scorers } from "../scorer.ts";
import { generatorOf, trainGenerator } from "./game.ts";
import { CONTROLS, options, type VaeOptions } from "./options.ts";
import { pictureOfCodes } from "./picture.ts";
import { tuningLoss, withGenerated } from "./tuning.ts";

/**
 * The scorer.
 * @param given with networks, objective, mixer and optimisers that a program has made
 * @throws InputError where an option is out of its range
 */
export function vae(given: Parts<typeof options>): Scorer {
  const parts = parseParts("vae", options, given);
  return scorerOf(parts, reconstructionError(parts));
}

/** @param plan of the networks that score: by a scenario's name for it, a run can build it again */
function scorerOf(parts: VaeOptions, plan: NetworkPlan<Autoencoder>): Scorer {
  parts.game.mixer.check?.(parts.game.alpha, parts.m);
  return { name: "vae", learn: (problem) => learn(parts, plan, problem) };
}

async function* learn(
  parts: VaeOptions,
  plan: NetworkPlan<Autoencoder>,
  problem: ScorerProblem,
): AsyncGenerator<ApplicationEvent, Learnt> {
  const { state } = problem;
  const key = problem.key.fold("vae");
  const scorer = problem.build("scorer", plan);
  const names = CONTROLS.filter((name) => parts.controls.includes(name));
  const controls = names.map((name) => ({ name, network: problem.build(name, plan) }));
  const generator = generatorOf(parts, problem, key.fold("generator"));
  yield* state.once("train autoencoder", (stage) =>
    fit({
      ...{ network: scorer, data: problem.rows, batch: parts.m, ...parts.autoencoder },
      ...{ loss: vaeLoss(scorer, parts.klWeight), key: key.fold("autoencoder"), state: stage },
      ...{ sentinels: problem.sentinels, stage: "train autoencoder" },
    }),
  );
  yield* state.once("train generator", (stage) =>
    trainGenerator(parts, { scorer, generator }, problem, key.fold("game"), stage),
  );
  for (const { name, network } of controls) {
    yield* state.once(`control ${name}`, async function* (stage) {
      const begin = (): void => copied(scorer, network);
      if (name === "untuned") begin();
      else yield* tuned(parts, network, undefined, problem, stage, begin);
      return undefined;
    });
  }
  yield* state.once("fine-tune", (stage) => tuned(parts, scorer, generator, problem, stage));
  yield* state.once("draw codes", () => pictureOfCodes({ scorer, generator }, problem, key.fold("picture")));
  return { scorer, controls: Object.fromEntries(controls.map(({ name, network }) => [name, network])) };
}

function copied(from: Network, to: Network): void {
  copyVariables(from.parameters, to.parameters);
  copyVariables(from.state, to.state);
}

/** Stage 3; without a generator, the same batches, and the data's term alone. */
function tuned(
  parts: VaeOptions,
  network: Autoencoder,
  generator: Network | undefined,
  problem: ScorerProblem,
  state: ScorerProblem["state"],
  begin?: () => void,
): ReturnType<typeof fit> {
  return fit({
    ...{ network, data: problem.rows, batch: parts.m, ...parts.fineTuning },
    ...(begin && { begin }),
    augment: withGenerated(network, generator),
    loss: tuningLoss(network, parts),
    ...{ key: problem.key.fold("vae", "fine-tuning"), state, sentinels: problem.sentinels },
    stage: generator === undefined ? "control retrained" : "fine-tune",
  });
}

const scorer: Component = component(Scorers, {
  name: "vae",
  summary:
    "Error of reconstruction of an autoencoder tuned against generated codes (DSGAN's novelty detection)",
  reference: "DSGAN, ICLR 2020; its authors' code",
  options,
  async create(given, context) {
    const { encoder, decoder, code } = given;
    const ref = { use: "reconstruction-error", encoder, decoder, code };
    const plan = (await context.create(Networks, ref)) as NetworkPlan<Autoencoder>;
    return scorerOf(await context.build(given), plan);
  },
});

export default [scorer, reconstructionErrorComponent];
