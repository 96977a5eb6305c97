/**
 * Novelty detection by a classifier of data against generated rows. DSGAN generates what noise puts around the data, and
 * the data do not have (Sec. 2.2); the classifier's logit is the score. Needs no decoder.
 *
 * @module
 */
import {
  type ApplicationEvent,
  type Component,
  component,
  copyVariables,
  type FiniteDataset,
  fromArrays,
  type Network,
  type NetworkPlan,
  Networks,
  type Parts,
  parseParts,
} from "../../../core/mod.ts";
import { keptCodes } from "../codes.ts";
import { type Learnt, type Scorer, type ScorerProblem, Scorers } from "../scorer.ts";
import { classify } from "./classify.ts";
import { type CodedClassifier, codedClassifier, codedClassifierComponent } from "./coded.ts";
import { learnCodes } from "./encoding.ts";
import { around, generatorOf, trainGenerator } from "./game.ts";
import { type BoundaryOptions, options } from "./options.ts";

/**
 * The scorer.
 * @param given with networks, objective, mixer and optimisers that a program has made
 * @throws InputError where an option is out of its range
 */
export function boundary(given: Parts<typeof options>): Scorer {
  const parts = parseParts("boundary", options, given);
  const { encoder, code } = parts.autoencoder;
  return scorerOf(parts, codedClassifier({ encoder, classifier: parts.classifier, code }));
}

/** @param coded the network that scores by codes: under a scenario's name for it, a run can build it again */
function scorerOf(parts: BoundaryOptions, coded: NetworkPlan<CodedClassifier>): Scorer {
  parts.mixer.check?.(parts.alpha, parts.m);
  return {
    name: "boundary",
    learn: (problem) => (parts.space === "rows" ? onRows(parts, problem) : onCodes(parts, coded, problem)),
  };
}

async function* onRows(
  parts: BoundaryOptions,
  problem: ScorerProblem,
): AsyncGenerator<ApplicationEvent, Learnt> {
  const scorer = problem.build("scorer", parts.classifier);
  const control = parts.control ? problem.build("noisy", parts.classifier) : undefined;
  yield* learn(parts, problem, problem.rows, { scorer, control });
  return { scorer, ...(control && { controls: { noisy: control } }) };
}

async function* onCodes(
  parts: BoundaryOptions,
  plan: NetworkPlan<CodedClassifier>,
  problem: ScorerProblem,
): AsyncGenerator<ApplicationEvent, Learnt> {
  const scorer = problem.build("scorer", plan);
  const control = parts.control ? problem.build("noisy", plan) : undefined;
  const key = problem.key.fold("boundary", "autoencoder");
  yield* problem.state.once("train autoencoder", (stage) =>
    learnCodes(parts, scorer.encoder, problem, key, stage),
  );
  const { mean, width } = await keptCodes(scorer, problem.rows);
  const codes = fromArrays({ name: "codes", values: mean, shape: [width] });
  yield* learn(parts, problem, codes, {
    scorer: scorer.classifier,
    control: control?.classifier,
    share() {
      if (control === undefined) return;
      copyVariables(scorer.encoder.parameters, control.encoder.parameters);
      copyVariables(scorer.encoder.state, control.encoder.state);
    },
  });
  return { scorer, ...(control && { controls: { noisy: control } }) };
}

/** The classifiers to train, on rows or on codes. */
interface Classifiers {
  readonly scorer: Network;
  readonly control: Network | undefined;
  /** Gives the control what else it has in common with the scorer. */
  share?(): void;
}

async function* learn(
  parts: BoundaryOptions,
  problem: ScorerProblem,
  data: FiniteDataset,
  { scorer, control, share }: Classifiers,
): AsyncGenerator<ApplicationEvent, undefined> {
  const { state } = problem;
  const key = problem.key.fold("boundary");
  const noisy = await around(data, parts.noise);
  const generator = generatorOf(parts, data, problem, key.fold("generator"));
  yield* state.once("train generator", (stage) =>
    trainGenerator(parts, { data, noisy, generator: generator.network }, problem, key.fold("game"), stage),
  );
  yield* state.once("train classifier", (stage) =>
    classify(
      parts,
      { network: scorer, data, against: generator.sample, stage: "train classifier" },
      problem,
      stage,
    ),
  );
  if (control === undefined) return;
  yield* state.once("control noisy", async function* (stage) {
    share?.();
    yield* classify(
      parts,
      { network: control, data, against: noisy, stage: "control noisy" },
      problem,
      stage,
    );
    return undefined;
  });
}

const scorer: Component = component(Scorers, {
  name: "boundary",
  summary: "A classifier of data against generated rows around them, on columns or on codes",
  reference: "DSGAN, Sec. 2.2",
  options,
  async create(given, context) {
    const { encoder, code } = given.autoencoder;
    const ref = { use: "coded-classifier", encoder, classifier: given.classifier, code };
    const plan = (await context.create(Networks, ref)) as NetworkPlan<CodedClassifier>;
    return scorerOf(await context.build(given), plan);
  },
});

export default [scorer, codedClassifierComponent];
