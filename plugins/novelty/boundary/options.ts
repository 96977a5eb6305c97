/**
 * The scorer's numbers.
 *
 * @module
 */
import { type Built, ganShape, Networks, Optimizers, type Refs, z } from "../../../core/mod.ts";
import { alphaSchema, trainingShape } from "../fitting.ts";

const count = z.int().positive();

export const options = (refs: Refs) =>
  z.strictObject({
    space: z
      .enum(["rows", "code"])
      .default("rows")
      .describe(
        "Where the game is played and rows are classified: on the rows themselves, or on an autoencoder's codes.",
      ),
    noise: z
      .number()
      .positive()
      .default(0.5)
      .describe(
        "Noise that makes pdBar of the data: its standard deviation, as a share of that of each value.",
      ),
    alpha: alphaSchema(0.8),
    generator: refs(Networks).prefault({ use: "mlp" }).describe("Architecture of G."),
    critic: refs(Networks).prefault({ use: "mlp" }).describe("Architecture of D."),
    optimizer: refs(Optimizers)
      .prefault({ use: "adam", learningRate: 0.001, decayFrom: 0.5 })
      .describe("Of the generator."),
    ...ganShape(refs, {
      objective: { use: "wgan-gp", lambda: 0.1 },
      mixer: { use: "sampling-trick" },
      latent: { size: 16, distribution: "normal" },
      ...{ k: 5, m: 100 },
    }),
    steps: count.default(1000).describe("Generator steps."),
    classifier: refs(Networks)
      .prefault({ use: "mlp", hidden: [64, 64] })
      .describe("Architecture of the classifier of data against generated rows; its logit is the score."),
    fit: trainingShape(refs, {
      epochs: 100,
      optimizer: { use: "adam", learningRate: 0.001, decayFrom: 0.5 },
    }).describe("Training of the classifier."),
    autoencoder: z
      .strictObject({
        code: count.default(8).describe("Width of the code."),
        encoder: refs(Networks)
          .prefault({ use: "mlp", hidden: [64, 32] })
          .describe("From a row to mean and log-variance of its code."),
        decoder: refs(Networks)
          .prefault({ use: "mlp", hidden: [32, 64] })
          .describe("From a code to a row."),
        klWeight: z.number().min(0).default(1e-3).describe("Weight of the divergence from N(0, I)."),
        fit: trainingShape(refs, { epochs: 50, optimizer: { use: "adam", learningRate: 0.003 } }).describe(
          "Its training.",
        ),
      })
      .prefault({})
      .describe("Where space is code: the variational autoencoder whose codes stand for the rows."),
    control: z
      .boolean()
      .default(true)
      .describe(
        "Trains a second classifier on rows of pdBar in place of generated ones: what does the generator add?",
      ),
  });

/** Options of {@link boundary}. */
export type BoundaryOptions = Built<typeof options>;
