/** Statistics against SciPy's: the numbers below are of SciPy 1.17 (`t.interval`, `ttest_1samp`, `nct`). */
import t from "tap";
import { isTold, pairedDifference, spread } from "../../server/statistics/sample.ts";
import { detectable, needed, powerOf, pValue, twoSided } from "../../server/statistics/student.ts";

const near = (found: number | undefined, wanted: number): boolean => Math.abs(found! / wanted - 1) < 1e-6;

t.test("quantiles and p values of Student's t are SciPy's", (t) => {
  for (const [df, quantile, p] of [
    [1, 12.706204736174694, 0.24223788318],
    [2, 4.302652729749462, 0.1296117202215],
    [4, 2.7764451051977934, 0.06676654481],
    [50, 2.008559112100761, 0.01574495827],
  ] as const) {
    t.ok(near(twoSided(0.95, df), quantile), `quantile of ${df} degrees`);
    t.ok(near(pValue(-2.5, df), p), `p value of ${df} degrees`);
  }
  t.end();
});

t.test("the power of a t test is SciPy's", (t) => {
  for (const [effect, n, power] of [
    [0.5, 3, 0.08410705589638942],
    [1, 5, 0.40138991737179536],
    [2, 3, 0.47074943127843494],
    [0.3, 50, 0.5476570389701514],
    [5, 3, 0.9754622687331689],
  ] as const) {
    t.ok(near(powerOf(effect, n, 0.05), power), `effect ${effect}, ${n} numbers`);
    t.ok(near(powerOf(-effect, n, 0.05), power));
  }
  t.equal(needed(0.5, 0.05, 0.8), 34); // Cohen's table
  t.equal(needed(0.2, 0.05, 0.8), 199);
  t.equal(needed(1e-9, 0.05, 0.8), undefined);
  for (const n of [2, 3, 10]) t.ok(near(powerOf(detectable(n, 0.05, 0.8), n, 0.05), 0.8), `${n} numbers`);
  t.end();
});

t.test("spread() has the interval of the mean, from two numbers on", (t) => {
  const { mean, deviation, interval } = spread([0.91, 0.88, 0.95, 0.9]);
  t.ok(near(mean, 0.91) && near(deviation, 0.029439202887759468));
  t.ok(near(interval![0], 0.8631556587696763) && near(interval![1], 0.9568443412303238));
  t.notOk("interval" in spread([1]));
  t.end();
});

t.test("pairedDifference() is the paired t test, and says what it would take", (t) => {
  const found = pairedDifference([0.02, 0.05, -0.01, 0.04, 0.03]);
  t.ok(near(found.p, 0.06498591034212063));
  t.ok(near(found.interval![0], -0.00258525190987023) && near(found.interval![1], 0.05458525190987023));
  t.equal(found.needed, 9);
  t.ok(found.detectable! > found.mean, "which is why it is not told");
  t.notOk(isTold(found));
  t.ok(isTold(pairedDifference([2, 2.1, 1.9])));
  t.match(pairedDifference([0, 0]), { n: 2, mean: 0, p: 1, detectable: 0 });
  t.same(pairedDifference([3]), { n: 1, mean: 3, deviation: 0 });
  t.equal(pairedDifference([]).n, 0);
  t.end();
});
