/** Recipes of semi-supervised learning: what they fill in, and data and methods that they do not know. */
import t from "tap";
import { InputError, type RunEvent } from "../../core/mod.ts";
import { completed } from "../../plugins/semi-supervised/mod.ts";
import { runScenario } from "../conformance/context.ts";

const recipes = { mnist: { alpha: 0.8, beta: 0.3 }, cifar10: { alpha: 0.5, beta: 0.1 } };
interface Given {
  readonly alpha?: number | undefined;
  readonly beta?: number | undefined;
  readonly latent: number;
}
const complete = (recipe: string, given: Given) => completed('ssl-method "mine"', recipe, recipes, given);

t.test("completed() fills in what is left out", (t) => {
  t.same(complete("mnist", { latent: 3 }), { alpha: 0.8, beta: 0.3, latent: 3 });
  t.same(
    complete("cifar10", { beta: 0, latent: 3 }),
    { alpha: 0.5, beta: 0, latent: 3 },
    "what is given counts",
  );
  t.same(complete("mnist", { alpha: undefined, latent: 3 }).alpha, 0.8, "undefined means left out");
  t.end();
});

t.test("completed() asks for the numbers of an unknown recipe", (t) => {
  t.same(complete("iris", { alpha: 0.1, beta: 0.2, latent: 3 }), { alpha: 0.1, beta: 0.2, latent: 3 });
  const message = (recipe: string, given: Given): string => {
    try {
      complete(recipe, given);
      return "";
    } catch (error) {
      t.ok(error instanceof InputError);
      return (error as Error).message;
    }
  };
  t.equal(
    message("iris", { latent: 3 }),
    'unknown recipe "iris": ssl-method "mine" has cifar10, mnist. Take one of these, or give alpha, beta',
  );
  t.match(message("minst", { alpha: 1, latent: 3 }), /"minst"; did you mean "mnist"\? .* or give beta$/);
  t.match(message("toString", { latent: 3 }), /unknown recipe "toString"/);
  t.end();
});

const mine = {
  ...{ use: "bad-gan-ssl", recipe: "my-moons", data: { use: "moons", size: 100 }, validation: 10, m: 10 },
  ...{ classifier: { use: "mlp", hidden: [8] }, classifierOptimizer: "adam", labeled: 4, unlabeled: "rest" },
  ...{ epochs: 2, iterations: 3, initialize: { from: "labeled" }, samples: 20 },
};
const run = (application: object): Promise<{ events: readonly RunEvent[]; result: { error?: object } }> =>
  runScenario(JSON.stringify({ name: "mine", engine: "cpu", application })) as never;

t.test("bad-gan-ssl runs on data that no recipe knows, with numbers of one's own", async (t) => {
  const part = { use: "mlp", hidden: [8] };
  const common = { generator: part, generatorOptimizer: "adam", latent: 3 };
  const methods = [
    "supervised",
    { use: "feature-matching", distance: "squared", ...common },
    { use: "catgan", ...common },
    { use: "ct-gan", distance: "squared", consistency: 1, featureConsistency: 0, ...common },
    { use: "bad-gan", distance: "squared", diversity: "pull-away", entropyWeight: 0, ...common },
    {
      ...{ use: "triple-gan", form: "saturating", labeledShare: 0.5, adversarialWeight: 1, entropyWeight: 0 },
      ...{ balanceWeight: 0, pretrain: 0, pseudoWeight: 0.1, pseudoFrom: 0, consistencyWeight: 0 },
      ...{ labelAs: "values", discriminator: part, discriminatorOptimizer: "adam", ...common },
    },
    {
      ...{ use: "dsgan", alpha: 0.5, beta: 0.2, combine: "labeled", every: 1, entropyWeight: 0 },
      ...{ critic: part, criticOptimizer: "adam", ...common },
    },
  ];
  for (const method of methods) {
    const { result } = await run({ ...mine, method });
    t.match(result, { status: "passed", metrics: { testRows: 100 } }, JSON.stringify(method));
  }
});

t.test("bad-gan-ssl says what an unknown recipe leaves open, before anything trains", async (t) => {
  const message = async (application: object): Promise<string> => {
    try {
      const { events, result } = await run(application);
      t.notOk(
        events.some(({ type }) => type === "progress"),
        "nothing was trained",
      );
      return String((result.error as Error | undefined)?.message);
    } catch (error) {
      return String(error);
    }
  };
  const { labeled: _, initialize: __, ...less } = mine;
  t.match(
    await message({ ...less, method: "supervised" }),
    /application\.recipe: unknown recipe "my-moons": application "bad-gan-ssl" has cifar10, mnist, svhn\. Take one of these, or give labeled, initialize\.from$/,
  );
  const missing =
    /ssl-method "dsgan" has cifar10, .* or give alpha, beta, combine, every, entropyWeight, generator/;
  t.match(await message({ ...mine, method: "dsgan" }), missing);
  t.match(
    await message({ ...mine, method: "supervised", against: "dsgan" }),
    missing,
    "the second method too",
  );
});
