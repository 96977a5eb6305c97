/** One slack for whoever judges whether an example keeps to its budget. */
import fc from "fast-check";
import t from "tap";
import { slackOf, withinBudget } from "../../../core/mod.ts";
import { distances, type Evaluation, worstCase } from "../../../plugins/robustness/evaluation.ts";

t.test("slackOf() is some steps of float32 at the bounds, whatever those are", (t) => {
  for (const bounds of [
    [0, 1],
    [-1, 1],
    [0, 255],
    [-300, 2],
    [0, 1e-6],
    [1e5, 1e5 + 1],
  ] as const) {
    const largest = Math.max(...bounds.map(Math.abs));
    const { absolute, share } = slackOf(bounds);
    const next = new Float32Array(
      new Uint32Array([new Uint32Array(Float32Array.of(largest).buffer)[0]! + 1]).buffer,
    )[0]!;
    const step = next - Math.fround(largest);
    t.ok(absolute >= 2 * step && absolute <= 8 * step, `${bounds}: ${absolute} is a few times ${step}`);
    t.ok(share < 1e-4);
  }
  t.ok(withinBudget(0.01, 0.01, [0, 255]));
  t.notOk(withinBudget(0.0102, 0.01, [0, 255]), "2 % of a small budget is too much");
  t.notOk(withinBudget(1e-6, 0, [0, 1]));
  t.ok(withinBudget(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, [0, 1]));
  t.end();
});

t.test("an image moved by its budget and back is within it, in float32", (t) => {
  fc.assert(
    fc.property(
      fc.constantFrom<readonly [number, number]>([0, 1], [-1, 1], [0, 255], [-0.5, 0.5], [0, 65535]),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 1e-4, max: 0.5, noNaN: true }),
      ([low, high], place, share) => {
        const f = Math.fround;
        const [x, epsilon] = [f(low + place * (high - low)), share * (high - low)];
        const moved = f(Math.max(low, Math.min(high, f(x + f(epsilon)))));
        return withinBudget(Math.abs(f(moved - x)), epsilon, [low, high]);
      },
    ),
  );
  t.end();
});

t.test("what is fooled within a budget is so in the worst case too", (t) => {
  const [bounds, epsilon] = [[0, 255] as const, 0.01];
  const distance = Array.from({ length: 50 }, (_, i) => epsilon * (1 + (i - 25) * 1e-3));
  const success = distance.map((d) => (withinBudget(d, epsilon, bounds) ? 1 : 0));
  const evaluation: Evaluation = {
    ...{ classes: 2, bounds, labels: distance.map(() => 0), clean: distance.map(() => 0) },
    attacked: distance.map((_, i) => i),
    trials: [
      {
        ...{ attack: "a", norm: "linf", access: "white-box", epsilon, success, prediction: success },
        distance: { linf: distance, l2: distance, l1: distance, l0: distance },
        queries: success,
      },
    ],
  };
  const fooled = success.filter((good) => good === 1).length;
  t.ok(fooled > 0 && fooled < 50);
  t.equal(distances(evaluation, evaluation.trials, "linf").filter(Number.isFinite).length, fooled);
  t.equal(worstCase(evaluation, evaluation.trials, "linf", [epsilon])[0]!.value, 1 - fooled / 50);
  t.end();
});
