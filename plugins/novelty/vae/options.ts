/**
 * The scorer's numbers.
 *
 * @module
 */
import { type Built, Mixers, Networks, Objectives, Optimizers, type Refs, z } from "../../../core/mod.ts";
import { alphaSchema, trainingShape } from "../fitting.ts";

const count = z.int().positive();

/** The controls that a run can have beside the scorer. */
export const CONTROLS = ["untuned", "retrained"] as const;

export const options = (refs: Refs) =>
  z.strictObject({
    code: count.default(16).describe("Width of the code f; 128 in the authors' code."),
    encoder: refs(Networks)
      .prefault({ use: "mlp", hidden: [64, 32] })
      .describe("From a row to mean and log-variance of its code."),
    decoder: refs(Networks)
      .prefault({ use: "mlp", hidden: [32, 64] })
      .describe("From a code to a row."),
    m: count.default(100).describe("Batch size of all trainings."),
    klWeight: z
      .number()
      .min(0)
      .default(1e-4)
      .describe("Weight of the divergence from N(0, I), summed over the code, in the autoencoder's loss."),
    autoencoder: trainingShape(refs, {
      epochs: 50,
      optimizer: { use: "adam", learningRate: 0.003 },
    }).describe("Stage 1: the variational autoencoder."),
    game: z
      .strictObject({
        epochs: count.default(50).describe("Generator steps, in passes over the rows."),
        generator: refs(Networks)
          .prefault({ use: "novelty-generator", hidden: [128, 64] })
          .describe("Architecture of G, from codes to codes."),
        critic: refs(Networks).prefault({ use: "feature-critic" }).describe("Architecture of D."),
        objective: refs(Objectives).prefault({ use: "wgan-gp" }).describe("Losses of critic and generator."),
        mixer: refs(Mixers).prefault({ use: "sampling-trick" }).describe("How the fake batch is mixed."),
        optimizer: refs(Optimizers)
          .prefault({ use: "adam", learningRate: 0.003 })
          .describe("Of generator and critic."),
        alpha: alphaSchema(0.9),
        k: count.default(5).describe("Critic steps for each generator step."),
        noise: z
          .number()
          .positive()
          .default(1)
          .describe("Standard deviation of the noise that makes pdBar of the codes."),
        nearness: z.number().min(0).default(0.8).describe("Weight of MSE(G(f), f) in the generator's loss."),
      })
      .prefault({})
      .describe("Stage 2: DSGAN in the code space, pd the codes, pdBar the codes with noise."),
    fineTuning: trainingShape(refs, {
      epochs: 60,
      optimizer: { use: "adam", learningRate: 0.01, drops: [0.5, 2 / 3, 5 / 6] },
    }).describe("Stage 3: rows are rebuilt well, and what generated codes decode to is kept away from them."),
    weight: z.number().min(0).default(0.5).describe("Weight of the generated codes' term in stage 3."),
    margin: z
      .number()
      .positive()
      .default(1.5)
      .describe("The error of reconstruction beyond which that term is 0."),
    controls: z
      .array(z.enum(CONTROLS))
      .default(["untuned"])
      .describe(
        "What to compare with: untuned, the autoencoder before stage 3; retrained, stage 3 without the generated codes.",
      ),
  });

/** Options of {@link vae}. */
export type VaeOptions = Built<typeof options>;
