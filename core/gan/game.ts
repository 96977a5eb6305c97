/**
 * A game of which the generator alone is wanted.
 *
 * @module
 */
import type { NetworkPlan } from "../model/network.ts";
import type { TrainingEvent } from "../run/loop.ts";
import { type Training, train } from "./train.ts";

/** What {@link train} takes, but for a critic that is built. */
export interface Game extends Omit<Training, "critic"> {
  /** Its architecture: it is built for the game, and freed after it. */
  readonly critic: NetworkPlan;
}

/**
 * Trains a generator in place against a critic of its own, by Algorithm 1. The critic's weights are drawn from the `key`
 * folded by `critic`, the training's randomness from the one folded by `train`; `state` keeps both.
 * @yields what {@link train} does
 * @throws as {@link train} does
 */
export async function* playGame(game: Game): AsyncGenerator<TrainingEvent, undefined> {
  const { target, objective, key, state } = game;
  const { shape, columns } = target;
  const ports = {
    ...{ input: shape, output: objective.criticOutput === "score" ? [1] : shape },
    ...(columns && { inputColumns: columns }),
  };
  const critic = state.network("critic", game.critic, ports, key.fold("critic"));
  try {
    yield* train({ ...game, critic, key: key.fold("train"), state: state.scope("gan") });
    return undefined;
  } finally {
    critic.dispose();
  }
}
