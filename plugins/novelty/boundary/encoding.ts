/**
 * The codes that stand for rows: those of a variational autoencoder, whose decoder is used for nothing else.
 *
 * @module
 */
import { type ApplicationEvent, fit, type Key, type Network, type RunState } from "../../../core/mod.ts";
import { autoencoderOf, vaeLoss } from "../autoencoder.ts";
import type { ScorerProblem } from "../scorer.ts";
import type { BoundaryOptions } from "./options.ts";

/** Trains an encoder. */
export async function* learnCodes(
  { autoencoder, m }: BoundaryOptions,
  encoder: Network,
  { rows, sentinels }: ScorerProblem,
  key: Key,
  state: RunState,
): AsyncGenerator<ApplicationEvent, undefined> {
  const { code, klWeight } = autoencoder;
  const ports = { input: [code], output: rows.shape, ...(rows.range && { range: rows.range }) };
  const decoder = state.network("decoder", autoencoder.decoder, ports, key.fold("decoder"));
  const network = autoencoderOf({ encoder, decoder });
  try {
    yield* fit({
      ...{ network, data: rows, batch: m, ...autoencoder.fit, loss: vaeLoss(network, klWeight) },
      ...{ key: key.fold("fit"), state: state.scope("fit"), sentinels, stage: "train autoencoder" },
    });
    return undefined;
  } finally {
    decoder.dispose();
  }
}
