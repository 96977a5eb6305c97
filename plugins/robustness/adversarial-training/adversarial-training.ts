/**
 * The application `adversarial-training`: semi-supervised adversarial training with DSGAN (Secs. 4.2 and 5.2, Figs. 7, 9,
 * 10). A baseline classifier; a generator of what lies around the data; fine-tuning on labelled rows and on the entropy
 * of generated ones (Eq. 9), for each range of noise r and weight w. All of them, and what they are compared with, then
 * meet the paper's adversaries and stronger ones.
 *
 * @module
 */
import {
  type Application,
  Applications,
  type Attack,
  component,
  InputError,
  labelledSplits,
  painterOf,
} from "../../../core/mod.ts";
import { evaluateRobustness } from "../evaluate-robustness/evaluate-robustness.ts";
import { type AdversarialTraining, options } from "./options.ts";
import { evaluationOf, runAdversarialTraining } from "./stages.ts";

/** The application, ready to run. @throws InputError where parts do not fit each other, before anything is trained */
export function adversarialTraining(parts: AdversarialTraining): Application {
  const { gan, data, test, adversary, fineTuning, evaluation } = parts;
  gan.mixer.check?.(gan.alpha, gan.m);
  requireBudgets("madry", adversary);
  const { watch } = fineTuning;
  if (watch !== undefined) {
    for (const attack of [watch.attack, watch.unrounded]) requireBudgets("fineTuning.watch", attack);
  }
  if (test.classes !== data.classes) {
    throw new InputError(
      `dataset "${data.name}": ${data.classes} classes to train with, but ${test.classes} held out`,
    );
  }
  if (data.range === undefined) {
    throw new InputError(`dataset "${data.name}" has no range, which attacks must keep to: give it one`);
  }
  if (gan.reading.critic === "pixels" && gan.reading.noise === "features") {
    throw new InputError("a critic of pixels cannot see noise on features: give critic: features");
  }
  if (gan.reading.featureNoise !== undefined && gan.reading.noise === "pixels") {
    throw new InputError(
      "featureNoise is the width of noise on features: give noise: features, or leave featureNoise out",
    );
  }
  const unmet = evaluation.adaptive.epsilons.linf.filter((e) => !evaluation.paper.epsilons.linf.includes(e));
  if (unmet.length > 0) {
    throw new InputError(
      `evaluation: adaptiveEpsilons.linf has ${unmet.join(", ")}, which epsilons.linf has not: a gain is told from ` +
        "masking where both kinds of adversaries have the same budgets",
    );
  }
  for (const plan of [evaluation.paper, evaluation.adaptive])
    evaluateRobustness(evaluationOf(parts, plan, {}));
  return { name: "adversarial-training", run: (context) => runAdversarialTraining(parts, context) };
}

/** @throws InputError for an attack that seeks the least distance */
function requireBudgets(option: string, { name, kind }: Attack): void {
  if (kind === "within-budget") return;
  throw new InputError(`${option}: attack "${name}" takes no budget: name one that does, such as pgd`);
}

/** How a scenario names it: `application: { use: adversarial-training, recipe: mnist, w: [1, 10] }`. */
export default component(Applications, {
  name: "adversarial-training",
  summary: "Adversarial training with generated samples around the data, in three stages, and its evaluation",
  reference: "DSGAN, Secs. 4.2 and 5.2, Figs. 7, 9, 10, Appendix E",
  options,
  async create(given, context) {
    const { data: dataset, images, ...parts } = await context.build(given);
    const { data, test } = await labelledSplits(dataset);
    const painter = await painterOf(context);
    return adversarialTraining({ ...parts, data, test, images: images ?? data.size, painter });
  },
});
