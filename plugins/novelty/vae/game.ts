/**
 * Stage 2: DSGAN in the code space. The generator moves codes of the data; it has no z.
 *
 * @module
 */
import {
  type ApplicationEvent,
  type GanObjective,
  type Key,
  type Network,
  playGame,
  RunError,
  type RunState,
  tf,
} from "../../../core/mod.ts";
import type { Autoencoder } from "../autoencoder.ts";
import { codeSampler, keptCodes } from "../codes.ts";
import type { ScorerProblem } from "../scorer.ts";
import type { VaeOptions } from "./options.ts";

/** Builds G, and keeps it with the run. */
export function generatorOf({ code, game }: VaeOptions, problem: ScorerProblem, key: Key): Network {
  return problem.network("generator", game.generator, { input: [code], output: [code] }, key);
}

/** L_G = −D(G(f)) + nearness·MSE(G(f), f). */
export function anchored(objective: GanObjective, nearness: number): GanObjective {
  return {
    ...objective,
    name: `anchored ${objective.name}`,
    generatorLoss(critic, generated, f) {
      if (f === undefined) throw new RunError("the codes that were moved are not given");
      const moved = tf.mean(tf.squaredDifference(generated, f));
      return tf.add(objective.generatorLoss(critic, generated, f), tf.mul(nearness, moved)).asScalar();
    },
  };
}

/** Trains the generator. */
export async function* trainGenerator(
  { code, m, game }: VaeOptions,
  { scorer, generator }: { readonly scorer: Autoencoder; readonly generator: Network },
  { rows, sentinels }: ScorerProblem,
  key: Key,
  state: RunState,
): AsyncGenerator<ApplicationEvent, undefined> {
  const { objective, mixer, optimizer, alpha, k, noise, nearness, epochs } = game;
  const f = codeSampler(await keptCodes(scorer, rows), "drawn");
  yield* playGame({
    target: {
      ...{ name: "codes", alpha, shape: [code], pd: f },
      pdBar: (from, n) =>
        tf.tidy(() => tf.add(f(from.fold("f"), n), from.fold("noise").normal([n, code], 0, noise))),
    },
    objective: anchored(objective, nearness),
    ...{ mixer, generator, critic: game.critic, latent: f, k, m },
    ...{ generatorOptimizer: optimizer, criticOptimizer: optimizer },
    steps: epochs * Math.ceil(rows.size / m),
    ...{ key, state, sentinels, stage: "train generator" },
  });
  return undefined;
}
