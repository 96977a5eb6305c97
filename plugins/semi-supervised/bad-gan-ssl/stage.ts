/**
 * What the stages of a run share.
 *
 * @module
 */
import { InputError, type Network, type RunContext, type RunState, type Split } from "../../../core/mod.ts";
import type { SslLearner, SslMethod } from "../method.ts";
import { type Examiner, examinerOf } from "./evaluation.ts";
import type { BadGanSslParts } from "./options.ts";

/** Where a method trains and is evaluated. */
export interface RunScope {
  readonly parts: BadGanSslParts;
  readonly method: SslMethod;
  readonly split: Split;
  readonly context: RunContext;
  /** Where its networks are kept. */
  readonly state: RunState;
  /** Of stages, files and metrics. */
  readonly prefix: string;
}

/** A method that has started, with all that its stages need. */
export interface StageContext extends RunScope {
  readonly classifier: Network;
  /** Of the same plan: holds the running means of the classifier's weights. */
  readonly averaged: Network;
  readonly learner: SslLearner;
  readonly examiner: Examiner;
}

/** The title of something that a method made: with its name, where another one makes the same. */
export function titled({ parts, method }: RunScope, title: string): string {
  return parts.against === undefined ? title : `${title}: ${method.name}`;
}

/**
 * Starts a method. Its classifier has the same first weights as any other's.
 * @param cleanups takes what is to be called when the run ends
 * @throws InputError where the method cannot work on this problem
 */
export async function startStage(scope: RunScope, cleanups: (() => void)[]): Promise<StageContext> {
  const { parts, method, split, context, state } = scope;
  const { data, recipe, preset, m } = parts;
  const { shape, range, classes } = data;
  const key = context.key.fold("bad-gan-ssl");
  const ports = { input: shape, output: [classes!], ...(range && { inputRange: range }) };
  const build = (name: string): Network => {
    const network = state.network(name, parts.classifier, ports, key.fold("classifier"));
    cleanups.push(() => network.dispose());
    return network;
  };
  const classifier = build("classifier");
  const averaged = build("averaged");
  const { features } = classifier;
  if (features === undefined) {
    throw new InputError(
      `network "${parts.classifier.name}" names no feature space: take one that does, such as ssl-mnist-classifier`,
    );
  }
  const learner = await method.start({
    ...{ setting: { recipe, preset }, classifier, features, shape, m, state, context },
    ...(range && { range }),
    key: key.fold("method"),
  });
  cleanups.push(() => learner.dispose());
  const examiner = examinerOf({ ...parts, split, classifier, averaged, learner, key: key.fold("examined") });
  cleanups.push(() => examiner.dispose());
  return { ...scope, classifier, averaged, learner, examiner };
}
