/**
 * The first stage: data-dependent initialisation, and a record of all numbers that the run uses.
 *
 * @module
 */
import { type ApplicationEvent, copyVariables, identify, type Key, tf } from "../../../core/mod.ts";
import { type StageContext, titled } from "./stage.ts";

/** Initialises the networks and writes `recipe.json`. */
export async function* initialize(
  stage: StageContext,
  key: Key,
): AsyncGenerator<ApplicationEvent, undefined> {
  const { parts, classifier, averaged, learner, split, prefix, context } = stage;
  yield { type: "stage", stage: `${prefix}initialize` };
  const from = split[parts.initialize.from];
  const chosen = key.fold("rows").permutation(from.length).slice(0, parts.initialize.rows);
  tf.tidy(() => {
    const rows = parts.data.rows(chosen.map((i) => from[i]!)); // [n, ...shape]
    classifier.initialize?.(rows, key.fold("classifier"));
  });
  learner.initialize?.(key.fold("method"));
  copyVariables(classifier.parameters, averaged.parameters);
  copyVariables(classifier.state, averaged.state);
  const text = new TextEncoder().encode(`${JSON.stringify(recipeOf(stage), null, 2)}\n`);
  yield await context.artifact(`${prefix}recipe.json`, titled(stage, "All numbers of the recipe"), text);
}

/** Every number that the run uses, whoever gave it. */
function recipeOf({ parts, method, learner, split }: StageContext): object {
  const { recipe, preset, labeled, validation, unlabeled, m, epochs, iterations, evaluateEvery } = parts;
  const optimizers = learner.players.map(({ name, optimizer }) => [`${name}Optimizer`, identify(optimizer)]);
  return {
    ...{ recipe, preset, data: identify(parts.data) },
    method: { use: method.name, ...learner.settings, ...Object.fromEntries(optimizers) },
    classifier: identify(parts.classifier),
    classifierOptimizer: identify(parts.classifierOptimizer),
    ...{ labeled, validation, unlabeled, unlabeledRows: split.unlabeled.length, testRows: parts.test.size },
    ...{ m, epochs, iterations, evaluateEvery, initialize: parts.initialize, averaging: parts.averaging },
  };
}
