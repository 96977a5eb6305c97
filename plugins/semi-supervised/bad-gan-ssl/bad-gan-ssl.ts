/**
 * The application `bad-gan-ssl`: a classifier learns from a few labelled rows and many unlabelled ones, by DSGAN's
 * complement samples or by another method (Secs. 4.1 and 5.1, Tables 1 to 6). The method is a plugin; the classifier, the
 * labelled rows, the budget and the evaluation are the same for all.
 *
 * @module
 */
import {
  type Application,
  Applications,
  component,
  Datasets,
  InputError,
  labelledSplits,
  Networks,
  Optimizers,
  painterOf,
} from "../../../core/mod.ts";
import { completed, created, recipeFault } from "../recipe.ts";
import { type BadGanSslParts, options } from "./options.ts";
import { published, recipesOf } from "./recipes.ts";
import { runVariants } from "./variants.ts";

export type { BadGanSslParts };

/**
 * The application, ready to run. The run fails with an InputError where there are too few rows or labels.
 * @throws InputError where rows to train and to test with are not labelled with the same classes
 */
export function badGanSsl(parts: BadGanSslParts): Application {
  const { data, test } = parts;
  if (test.labels === undefined || test.classes !== data.classes) {
    throw new InputError(
      `dataset "${data.name}": ${data.classes} classes to train with, but ${test.classes} held out`,
    );
  }
  return { name: "bad-gan-ssl", run: (context) => runVariants(parts, context) };
}

const OWNER = 'application "bad-gan-ssl"';

/** How a scenario names it: `application: { use: bad-gan-ssl, recipe: mnist, method: dsgan }`. */
export default component(Applications, {
  name: "bad-gan-ssl",
  summary: "Semi-supervised learning: a classifier from a few labels, unlabelled data and complement samples",
  reference: "DSGAN, Secs. 4.1 and 5.1; Dai et al., NIPS 2017, arXiv:1705.09783",
  options: (refs) =>
    options(refs).superRefine((given, { addIssue }) => {
      const flat = { ...given, "initialize.from": given.initialize.from };
      const message = recipeFault(OWNER, given.recipe, recipesOf(given.preset), flat);
      if (message !== undefined) addIssue({ code: "custom", path: ["recipe"], message });
    }),
  async create(given, context) {
    const built = await context.build(given);
    const { recipe, preset, initialize } = built;
    const flat = { ...built, "initialize.from": initialize.from };
    const parts = completed(OWNER, recipe, recipesOf(preset), flat);
    const { data, test } = await labelledSplits(await created(context, Datasets, parts.data));
    return badGanSsl({
      ...parts,
      data,
      test,
      classifier: await created(context, Networks, parts.classifier),
      classifierOptimizer: await created(context, Optimizers, parts.classifierOptimizer),
      initialize: { from: parts["initialize.from"], rows: initialize.rows },
      published: data.name === recipe ? (published[recipe] ?? {}) : {},
      painter: await painterOf(context),
    });
  },
});
