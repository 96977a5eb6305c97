/**
 * Learning from positive and unlabelled rows, by Eq. (1) of DSGAN to the letter: the unlabelled rows pdBar are α parts
 * positives pd and 1 − α parts negatives pt, α being the class prior. The generator learns the negatives, of which there are
 * none; a classifier then learns positives against generated negatives.
 *
 * M. Hou, B. Chaib-draa, C. Li, Q. Zhao, "Generative Adversarial Positive-Unlabelled Learning", IJCAI 2018 (arXiv:1711.08054)
 * has the idea of generated negatives; R. Kiryo, G. Niu, M. du Plessis, M. Sugiyama, "Positive-Unlabeled Learning with
 * Non-Negative Risk Estimator", NIPS 2017, is what it is compared with.
 *
 * @module
 */
import {
  type Application,
  type ApplicationEvent,
  Applications,
  component,
  type Key,
  labelledSplits,
  type Network,
  playGame,
  priorSampler,
  type RunContext,
  type RunState,
  type Sampler,
} from "dsgan";
import { auroc, scoresOf } from "dsgan/novelty";
import { learn, type Negatives } from "./classifier.ts";
import { options, type PuLearning } from "./options.ts";
import { drawRows, type PuRows } from "./rows.ts";

/**
 * The application, ready to run.
 * @throws InputError where a class is not there, or the mixer cannot make a batch of that prior
 */
export function puLearning(parts: PuLearning): Application {
  parts.data.only(parts.positive); // for its checks
  parts.mixer.check?.(parts.prior, parts.m);
  return { name: "pu-learning", run: (context) => run(parts, context) };
}

async function* run(parts: PuLearning, context: RunContext): AsyncGenerator<ApplicationEvent> {
  const { latent, classifier, compare } = parts;
  const { state } = context;
  const key = context.key.fold("pu-learning");
  const rows = drawRows(parts, key.fold("rows"));
  const { shape, range } = rows.positive;
  const networks: Network[] = [];
  const build: RunState["network"] = (...given) => {
    const network = state.network(...given);
    networks.push(network);
    return network;
  };
  try {
    const ports = {
      ...{ input: [latent.size], output: shape, prior: latent.distribution },
      ...(range && { range }),
    };
    const generator = build("generator", parts.generator, ports, key.fold("generator"));
    yield* state.once("train generator", (stage) => game(parts, rows, { generator, context, key, stage }));
    const z = priorSampler(latent.distribution, [latent.size]);
    const against: Record<Negatives, Sampler> = {
      generated: (from, n) => generator.apply(z(from.fold("z"), n), { training: false }),
      ...{ naive: rows.unlabelled.sample, nnpu: rows.unlabelled.sample, oracle: rows.negative.sample },
    };
    for (const name of ["generated", ...compare] as const) {
      const own = name === "generated" ? "classifier" : name;
      const ports = { input: shape, output: [1], ...(range && { inputRange: range }) };
      const network = build(own, classifier, ports, key.fold("classifier")); // all from the same weights
      const problem = { name, network, positive: rows.positive, against: against[name] };
      yield* state.once(`learn ${name}`, (stage) => learn(parts, problem, context, key, stage));
      yield* state.once(`judge ${name}`, () => judged(parts, network, rows, own));
    }
  } finally {
    for (const network of networks) network.dispose();
  }
}

/** Where a game is played. */
interface Place {
  readonly generator: Network;
  readonly context: RunContext;
  readonly key: Key;
  readonly stage: RunState;
}

/** `(1 − α)·pt + α·pd = pdBar` (Eq. 1): pd positives, pdBar unlabelled rows, α the class prior, pt negatives. */
async function* game(
  parts: PuLearning,
  { positive, unlabelled }: PuRows,
  { generator, context, key, stage }: Place,
): AsyncGenerator<ApplicationEvent, undefined> {
  const { latent, prior, optimizer } = parts;
  const { shape } = positive;
  yield* playGame({
    ...parts,
    target: { name: "negatives", alpha: prior, shape, pd: positive.sample, pdBar: unlabelled.sample },
    ...{ generator, latent: priorSampler(latent.distribution, [latent.size]) },
    ...{ generatorOptimizer: optimizer, criticOptimizer: parts.criticOptimizer ?? optimizer },
    ...{ key: key.fold("game"), state: stage, sentinels: context.sentinels, stage: "train generator" },
  });
  return undefined;
}

/** Accuracy and AUROC on the test rows, which are weighted as if π of them were positive. */
async function* judged(
  { positive, prior }: PuLearning,
  network: Network,
  { test }: PuRows,
  name: string,
): AsyncGenerator<ApplicationEvent, undefined> {
  const scores = await scoresOf(network, test);
  const of = (wanted: boolean): Float32Array =>
    scores.filter((_, i) => positive.includes(test.labels![i]!) === wanted);
  const [positives, negatives] = [of(true), of(false)];
  const shareAbove = (logits: Float32Array): number =>
    logits.filter((logit) => logit > 0).length / logits.length;
  const prefix = name === "classifier" ? "" : `${name}.`;
  const values = {
    [`${prefix}accuracy`]: prior * shareAbove(positives) + (1 - prior) * (1 - shareAbove(negatives)),
    [`${prefix}auroc`]: auroc(negatives, positives),
  };
  yield { type: "metrics", values };
  return undefined;
}

export default component(Applications, {
  name: "pu-learning",
  summary:
    "A classifier from positive and unlabelled rows: generated negatives stand in for those that nobody has",
  reference:
    "DSGAN, Eq. (1); Hou et al., IJCAI 2018, arXiv:1711.08054; Kiryo et al., NIPS 2017, arXiv:1703.00593",
  options,
  async create(given, context) {
    const built = await context.build(given);
    const { data, test } = await labelledSplits(built.data);
    return puLearning({ ...built, data, test });
  },
});
