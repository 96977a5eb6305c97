/** Who is compared, and what is said of gains. */
import t from "tap";
import { tf } from "../../../core/mod.ts";
import {
  difference,
  endurance,
  type Judged,
  orderings,
  standings,
} from "../../../plugins/robustness/adversarial-training/comparisons.ts";
import { RIVALS, variantsOf } from "../../../plugins/robustness/adversarial-training/variants.ts";
import type { Evaluation } from "../../../plugins/robustness/evaluation.ts";

await tf.setBackend("cpu");
await tf.ready();

t.test("variantsOf() has the paper's lines first, and each rival for each r and w", async (t) => {
  const all = variantsOf({ r: [0.01, 0.03], w: [1, 10], compare: RIVALS, madry: [0.02] });
  t.same(
    all.slice(0, 7).map(({ name }) => name),
    ["baseline", "noisy_0.01", "noisy_0.03"].concat([
      "ours_0.01_w1",
      "ours_0.01_w10",
      "ours_0.03_w1",
      "ours_0.03_w10",
    ]),
  );
  t.equal(new Set(all.map(({ name }) => name)).size, 1 + 2 + 3 * 4 + 1 + 1);
  const few = variantsOf({ r: [0.01], w: [3], compare: [], madry: [0.1] });
  t.same(
    few.map(({ name }) => name),
    ["baseline", "ours_0.01_w3"],
  );
  for (const { kind, labelled, unlabelled } of all) {
    t.equal(labelled === "noisy", kind === "noisy" || kind === "combined", `${kind}: labelled rows`);
    t.equal(unlabelled === "generated", kind === "ours" || kind === "combined", `${kind}: unlabelled rows`);
    t.equal(unlabelled === "noisy", kind === "control", `${kind}: the control`);
    t.equal(labelled === "attacked", kind === "madry", `${kind}: attacked rows`);
  }
});

/** Four images, the last wrong when clean; an attack at 0.1 and 0.2, one that sought the least distance. */
const evaluation = (successes: readonly (readonly number[])[], least?: readonly number[]): Evaluation => ({
  classes: 2,
  bounds: [0, 1],
  labels: [0, 1, 0, 1],
  clean: [0, 1, 0, 0],
  attacked: [0, 1, 2],
  trials: [
    ...successes.map((success, i) => ({
      ...{
        attack: "pgd",
        norm: "linf" as const,
        access: "white-box" as const,
        epsilon: 0.1 * (i + 1),
        success,
      },
      ...{ prediction: [0, 0, 0], queries: [1, 1, 1] },
      distance: { linf: success.map(() => 0.1 * (i + 1)), l2: [1, 1, 1], l1: [1, 1, 1], l0: [1, 1, 1] },
    })),
    ...(least
      ? [
          {
            ...{ attack: "deepfool", norm: "linf" as const, access: "white-box" as const, epsilon: null },
            ...{ success: [1, 1, 1], prediction: [1, 0, 1], queries: [1, 1, 1] },
            distance: { linf: [...least], l2: [1, 1, 1], l1: [1, 1, 1], l0: [1, 1, 1] },
          },
        ]
      : []),
  ],
});

t.test("endurance() is the share of budgets that an image withstands", async (t) => {
  const budgets = [0.1, 0.2];
  const fixed = evaluation([
    [0, 1, 0],
    [1, 0, 0], // what fooled at 0.1 counts at 0.2 as well
  ]);
  t.same([...endurance(fixed, fixed.trials, "linf", budgets)], [0.5, 0, 1, 0]);
  const sought = evaluation([], [0.05, 0.15, 0.1]);
  t.same(
    [...endurance(sought, sought.trials, "linf", budgets)],
    [0, 0.5, 0, 0],
    "at its very distance it fools",
  );
});

t.test("difference() says above or below only where its interval does", async (t) => {
  const ones = Float64Array.from({ length: 50 }, () => 1);
  const mixed = Float64Array.from({ length: 50 }, (_, i) => i % 2);
  const { value, low, high, says } = difference(ones, mixed);
  t.equal(value, 0.5);
  const half = 1.959963984540054 * Math.sqrt((0.25 * 50) / 49 / 50);
  t.ok(Math.abs(low - (0.5 - half)) < 1e-12 && Math.abs(high - (0.5 + half)) < 1e-12);
  t.equal(says, "above");
  t.equal(difference(mixed, ones).says, "below");
  t.equal(difference(mixed, mixed.toReversed()).says, "undecided");
});

t.test("orderings() and standings() tell a gain that holds up from one that is masking", async (t) => {
  const never = [0, 0, 0];
  const always = [1, 1, 1];
  // many images, so that what is seen is beyond chance
  const many = (of: readonly number[], attack: string): Evaluation => {
    const n = 30;
    return {
      ...{ classes: 2, bounds: [0, 1] as const, labels: Array(n).fill(0), clean: Array(n).fill(0) },
      attacked: Array.from({ length: n }, (_, i) => i),
      trials: [
        {
          ...{ attack, norm: "linf", access: "white-box", epsilon: 0.1 },
          success: Array.from({ length: n }, (_, i) => (i % 10 === 0 ? 0 : of[i % 3]!)),
          ...{ prediction: Array(n).fill(0), queries: Array(n).fill(1) },
          distance: {
            linf: Array(n).fill(0.1),
            l2: Array(n).fill(1),
            l1: Array(n).fill(1),
            l0: Array(n).fill(1),
          },
        },
      ],
    };
  };
  const variants = variantsOf({ r: [0.1], w: [1, 10], compare: ["noisy", "control"], madry: [] });
  const told: Record<string, readonly [paper: readonly number[], adaptive: readonly number[]]> = {
    baseline: [always, always],
    "noisy_0.1": [never, never], // robust
    "ours_0.1_w1": [never, always], // masked
    "ours_0.1_w10": [always, always], // nothing
    "control_0.1_w1": [always, always],
    "control_0.1_w10": [never, never],
  };
  const judged = variants.map((variant): Judged => {
    const [paper, adaptive] = told[variant.name]!;
    return { variant, paper: many(paper, "pgd-linf"), adaptive: many(adaptive, "apgd") };
  });
  t.same(Object.fromEntries(standings(judged, [0.1]).map(({ variant, verdict }) => [variant, verdict])), {
    baseline: "no gain",
    "noisy_0.1": "holds up",
    "ours_0.1_w1": "masking",
    "ours_0.1_w10": "no gain",
    "control_0.1_w1": "no gain",
    "control_0.1_w10": "holds up",
  });
  const found = orderings(judged, [{ name: "pgd-linf", norm: "linf" }], {
    linf: [0.1],
    l2: [],
    l1: [],
    l0: [],
  });
  const says = (above: string, below: string): string | undefined =>
    found.find((one) => one.above === above && one.below === below)?.difference.says;
  t.equal(says("ours_0.1_w1", "noisy_0.1"), "undecided");
  t.equal(says("noisy_0.1", "baseline"), "above");
  t.equal(says("ours_0.1_w10", "ours_0.1_w1"), "below", "weaker with w");
  t.equal(says("ours_0.1_w1", "control_0.1_w1"), "above");
  t.equal(says("ours_0.1_w10", "control_0.1_w10"), "below");
  t.equal(says("ours_0.1_w1", "continued"), undefined, "who is not there is not compared");
});
