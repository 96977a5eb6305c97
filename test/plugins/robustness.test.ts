/** What is made of attacks: shares, curves, worst cases, signs of masked gradients. */
import fc from "fast-check";
import t from "tap";
import {
  cleanAccuracy,
  curveOf,
  distances,
  type Evaluation,
  medianDistance,
  shareOf,
  type Trial,
  worstCase,
} from "../../plugins/robustness/evaluation.ts";
import { maskingSigns, type Rounding } from "../../plugins/robustness/masking.ts";

/** A trial whose examples lie at the given distances; a negative one did not fool. */
function trial(
  attack: string,
  epsilon: number | null,
  at: readonly number[],
  more: Partial<Trial> = {},
): Trial {
  return {
    attack,
    norm: "linf",
    access: "white-box",
    epsilon,
    success: at.map((d) => (d >= 0 ? 1 : 0)),
    prediction: at.map(() => 1),
    distance: {
      linf: at.map(Math.abs),
      l2: at.map((d) => 2 * Math.abs(d)),
      l1: at.map((d) => 9 * Math.abs(d)),
      l0: at.map(() => 9),
    },
    queries: at.map(() => 1),
    ...more,
  };
}

/** Ten images, of which the last two are wrong without any attack. */
const evaluation = (...trials: Trial[]): Evaluation => ({
  classes: 10,
  bounds: [0, 1],
  labels: Array(10).fill(0),
  clean: [0, 0, 0, 0, 0, 0, 0, 0, 3, 4],
  attacked: [0, 1, 2, 3, 4, 5, 6, 7],
  trials,
});

/** One step up each loss: how many images the one alone fools, and the other. */
const rounded = (crossEntropy: number, logOdds: number): Rounding => ({
  ...{ norm: "linf", epsilon: 0.3, saturated: 0.4 },
  ...{ accuracy: { crossEntropy: 0.5, logOdds: 0.02 }, only: { crossEntropy, logOdds } },
});

t.test("shareOf() gives Wilson's interval", (t) => {
  // R: prop.test(8, 10, correct = FALSE)$conf.int
  const { value, low, high } = shareOf(8, 10);
  t.equal(value, 0.8);
  t.ok(Math.abs(low - 0.4901625) < 1e-6 && Math.abs(high - 0.9433178) < 1e-6);
  t.same(shareOf(0, 5).low, 0);
  t.same(shareOf(5, 5).high, 1);
  fc.assert(
    fc.property(fc.nat(500), fc.integer({ min: 1, max: 500 }), (some, n) => {
      const share = shareOf(Math.min(some, n), n);
      return share.low >= 0 && share.low <= share.value && share.value <= share.high && share.high <= 1;
    }),
  );
  t.end();
});

t.test("curves count what is wrong without an attack apart, and attacks at their own budgets", (t) => {
  const of = evaluation(
    trial("a", 0.1, [0.1, 0.1, -0.1, -0.1, -0.1, -0.1, -0.1, -0.1]),
    trial("a", 0.2, [-0.2, 0.2, 0.2, 0.2, -0.2, -0.2, -0.2, -0.2]),
  );
  t.equal(cleanAccuracy(of).value, 0.8);
  t.same(
    curveOf(of, "a", [0.1, 0.2]).map(({ epsilon, value }) => [epsilon, value]),
    [
      [0, 0.8],
      [0.1, 0.6],
      [0.2, 0.5],
    ],
  );
  t.same(
    worstCase(of, of.trials, "linf", [0, 0.1, 0.2]).map(({ value }) => value),
    [0.8, 0.6, 0.4],
    "what was found within a smaller budget is within a larger one",
  );
  t.same(curveOf(of, "b", [0.1]), []);
  t.end();
});

t.test("the curve of a least-distance attack is 1 − mean[d ≤ ε], and the median may be infinite", (t) => {
  const found = [0.05, 0.1, 0.15, 0.2, 0.25, -1, -1, -1];
  const of = evaluation(trial("deepfool", null, found));
  t.same(
    curveOf(of, "deepfool", [0, 0.1, 0.3]).map(({ value }) => value),
    [0.8, 0.6, 0.3],
  );
  t.equal(medianDistance(of, "deepfool"), 0.225);
  t.equal(
    medianDistance(
      evaluation(
        trial(
          "deepfool",
          null,
          found.map((_, i) => (i < 4 ? 0.1 : -1)),
        ),
      ),
      "deepfool",
    ),
    Infinity,
  );
  t.end();
});

t.test("distances() and worstCase() take the nearest over trials, in any norm that is asked for", (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 8, maxLength: 8 }), {
        minLength: 1,
        maxLength: 4,
      }),
      (lists) => {
        const of = evaluation(...lists.map((list, i) => trial(`a${i}`, null, list)));
        for (const norm of ["linf", "l2"] as const) {
          const nearest = [...distances(of, of.trials, norm)];
          const exact = of.attacked.map((_, i) =>
            Math.min(...lists.map((list) => (list[i]! >= 0 ? (norm === "l2" ? 2 : 1) * list[i]! : Infinity))),
          );
          if (nearest.join() !== exact.join()) return false;
          const points = worstCase(of, of.trials, norm, [0, 0.3, 0.6, 2]).map(({ value }) => value);
          const single = of.trials.map((one) =>
            worstCase(of, [one], norm, [0, 0.3, 0.6, 2]).map(({ value }) => value),
          );
          if (points.some((value, i) => single.some((s) => s[i]! < value) || value > (points[i - 1] ?? 1)))
            return false;
        }
        return true;
      },
    ),
  );
  t.end();
});

t.test("maskingSigns() is silent where there is no sign", (t) => {
  const strong = trial("pgd", 0.3, Array(8).fill(0.3));
  t.same(
    maskingSigns(
      evaluation(strong, trial("square", 0.3, [...Array(6).fill(0.3), -0.3, -0.3], { access: "black-box" })),
      {
        zeroGradients: { crossEntropy: 0, margin: 0 },
        rounding: rounded(0, 5),
        shortened: [{ attack: "pgd", epsilon: 0.3, images: 100, full: 100, quarter: 100 }],
      },
    ),
    [],
  );
  t.end();
});

t.test(
  "maskingSigns() tells of zero gradients, a winning black box, accuracy above chance, idle steps",
  (t) => {
    const big: Evaluation = {
      classes: 10,
      bounds: [0, 1],
      labels: Array(100).fill(0),
      clean: Array(100).fill(0),
      attacked: Array.from({ length: 100 }, (_, i) => i),
      trials: [],
    };
    const some = (k: number, epsilon: number): number[] =>
      Array.from({ length: 100 }, (_, i) => (i < k ? epsilon : -epsilon));
    const signs = (trials: Trial[], probes = {}): string[] => maskingSigns({ ...big, trials }, probes);

    t.match(signs([], { zeroGradients: { crossEntropy: 0.4, margin: 0.3 } }), [
      /gradient is zero on 30.0 % of the images/,
    ]);
    t.match(
      signs([], { zeroGradients: { crossEntropy: 0.4, margin: 0.3, atEnds: 0.1 } }),
      [/30.0 % of the images: it is masked/],
      "a third of them saturated",
    );
    t.match(
      signs([], { outputs: "in-unit", zeroGradients: { crossEntropy: 0.4, margin: 0.3, atEnds: 0.2 } }),
      [/30.0 % of the images, on 20.0 % because its outputs are saturated/],
    );
    const squashing = (odds: number, outputs: number): object => ({
      ...{ outputs: "in-unit", squashing: { norm: "linf", only: { odds, outputs } } },
    });
    t.match(signs([], squashing(30, 2)), [/outputs lie in \[0, 1\].* 30 images at more .* on 2. Attack/]);
    t.same(signs([], squashing(30, 22)), [], "which of them fools more is luck");
    t.same(signs([], squashing(2, 30)), []);
    t.match(signs([], { zeroGradients: { crossEntropy: 0.4, margin: 0 } }), [
      /softmax is saturated. Attack with .* log-odds, margin or dlr/,
    ]);
    t.match(signs([], { rounding: rounded(0, 48) }), [
      /exactly 1 on 40.0 % of the images. After one step of 0.3 \(linf\) up the cross-entropy 50.0 % .* log-odds 2.0 %/,
    ]);
    t.same(signs([], { rounding: rounded(20, 28) }), [], "which of them fools more is luck");
    t.same(signs([], { rounding: rounded(48, 0) }), [], "the cross-entropy is no weaker");
    t.match(
      signs([], { zeroGradients: { crossEntropy: 0.3, margin: 0 }, rounding: rounded(0, 48) }),
      [/exactly 1 on 40.0 % of the images \(and the gradient zero on 30.0 %\)/],
      "both are told at once",
    );
    t.match(
      signs([], { zeroGradients: { crossEntropy: 0.3, margin: 0 }, rounding: rounded(0, 3) }),
      [/gradient of the cross-entropy is zero on 30.0 %/],
      "zero gradients that are not known to flatter",
    );
    t.match(
      signs([], { zeroGradients: { crossEntropy: 0.3, margin: 0.2 }, rounding: rounded(0, 48) }),
      [/gradient is zero on 20.0 %/, /exactly 1 on 40.0 %/],
      "images that no gradient helps with, and others",
    );
    t.match(
      signs([
        trial("pgd", 0.1, some(95, 0.1)),
        trial("square", 0.1, some(100, 0.1), { access: "black-box" }),
      ]),
      [],
      "five more of a hundred may be luck",
    );
    t.match(
      signs([
        trial("fgsm", 0.1, some(20, 0.1)),
        trial("pgd", 0.1, some(70, 0.1)),
        trial("square", 0.1, some(100, 0.1), { access: "black-box" }),
      ]),
      [/square, which uses no gradients, fools 100 images at epsilon 0.1, pgd only 70/],
    );
    t.match(
      signs([
        trial("deepfool", null, some(70, 0.1)),
        trial("square", 0.1, some(100, 0.1), { access: "black-box" }),
      ]),
      [/square.*deepfool only 70/],
      "attacks that seek the least distance are compared within the budget",
    );
    t.match(signs([trial("pgd", 0.1, some(30, 0.1)), trial("pgd", 0.3, some(70, 0.3))]), [
      /at the largest linf budget, 0.3, 30.0 % are still right, more than by chance \(10.0 %\)/,
    ]);
    t.same(signs([trial("pgd", 0.3, some(92, 0.3))]), [], "8 % is not above 10 %");
    t.match(
      signs([trial("pgd", 0.3, some(100, 0.3))], {
        shortened: [{ attack: "pgd", epsilon: 0.3, images: 100, full: 20, quarter: 20 }],
      }),
      [/pgd fools 20 of 100 images at epsilon 0.3 with all its steps, 20 with a quarter of them/],
    );
    t.end();
  },
);
