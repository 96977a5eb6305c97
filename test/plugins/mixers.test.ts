import fc from "fast-check";
import t from "tap";
import { generatedRows, InputError, tf } from "../../core/mod.ts";
import { samplingTrick } from "../../plugins/mixers/sampling-trick/sampling-trick.ts";
import { weighted } from "../../plugins/mixers/weighted/weighted.ts";

import { checkMixer } from "../conformance/mixer.ts";

await tf.setBackend("cpu");
await tf.ready();
fc.configureGlobal({ seed: 7 });

/** Rows of pg are 1, 2, …; rows of pd −1, −2, …: which is which, and in what order, shows. */
const count = (n: number, sign: number): tf.Tensor => tf.mul(sign, tf.range(1, n + 1).reshape([n, 1]));
const pg = (n: number): tf.Tensor => count(n, 1);
const pd = (n: number): tf.Tensor => count(n, -1);
const numbers = (x: tf.Tensor): number[] => [...x.dataSync()];
const upTo = (n: number, sign: number): number[] => Array.from({ length: n }, (_, i) => sign * (i + 1));

/** Shares in hundredths, so that ⌊αm⌋ can be computed in whole numbers. */
const hundredths = fc.integer({ min: 0, max: 99 });
const batch = fc.integer({ min: 1, max: 300 });

for (const mixer of [samplingTrick(), weighted()]) {
  t.test(`${mixer.name} meets the contract of mixers`, (t) => checkMixer(t, mixer));
}

t.test("weighted() gives m rows of each, weighted 1 − α and α", async (t) => {
  const batches = weighted().mix(0.8, 3, pg, pd);
  t.same(
    batches.map(({ x }) => numbers(x)),
    [upTo(3, 1), upTo(3, -1)],
  );
  t.same(
    batches.map(({ weight }) => weight),
    [1 - 0.8, 0.8],
  );
});

t.test("weighted() gives only the generator's batch where α is 0", async (t) => {
  const batches = weighted().mix(0, 4, pg, () => t.fail("pd is not drawn from") as never);
  t.same(
    batches.map(({ weight, x }) => [weight, numbers(x)]),
    [[1, upTo(4, 1)]],
  );
});

t.test("samplingTrick() gives ⌊αm⌋ rows of pd, then the rest generated, or says why not", async (t) => {
  fc.assert(
    fc.property(hundredths, batch, (h, m) => {
      const rows = Math.floor((h * m) / 100);
      const mix = (): number[][] =>
        tf.tidy(() =>
          samplingTrick()
            .mix(h / 100, m, pg, pd)
            .map(({ weight, x }) => [weight, ...numbers(x)]),
        );
      const possible = m * (100 - h) >= 100 && (h === 0 || rows > 0);
      if (!possible) {
        t.throws(mix, InputError);
        t.throws(() => samplingTrick().check!(h / 100, m), InputError);
        return;
      }
      samplingTrick().check!(h / 100, m);
      t.strictSame(mix(), [[1, ...upTo(rows, -1), ...upTo(m - rows, 1)]]);
    }),
    { numRuns: 500 },
  );
});

t.test("samplingTrick() is not misled by products that miss a whole number", async (t) => {
  t.equal(Math.floor(0.58 * 100), 57, "which is why");
  const [mixed] = samplingTrick().mix(0.58, 100, pg, pd);
  t.equal(numbers(mixed!.x).filter((v) => v < 0).length, 58);
  t.ok(10 * (1 - 0.9) < 1, "which is why");
  t.same(numbers(samplingTrick().mix(0.9, 10, pg, pd)[0]!.x), [...upTo(9, -1), 1]);
});

t.test("samplingTrick() names m, alpha and the m that would do", async (t) => {
  t.throws(() => samplingTrick().check!(0.95, 10), {
    name: "InputError",
    message: /m = 10, alpha = 0.95.*Raise m to at least 20, lower alpha/,
  });
  t.doesNotThrow(() => samplingTrick().check!(0.95, 20));
  t.throws(() => samplingTrick().check!(0.05, 10), { message: /no row of pd.*Raise m to at least 20/ });
  t.doesNotThrow(() => samplingTrick().check!(0.05, 20));
});

t.test(
  "generatedRows() draws all m rows and keeps the first n where the generator couples rows, n elsewhere",
  async (t) => {
    const asked: number[] = [];
    const draw = (n: number): tf.Tensor => {
      asked.push(n);
      return pg(n);
    };
    const m = 10;
    for (const couplesRows of [true, false]) {
      const rows = generatedRows({ couplesRows }, m, draw);
      t.same(numbers(rows(3)), [1, 2, 3]);
      t.same(numbers(rows(m)), upTo(m, 1));
    }
    t.same(asked, [m, m, 3, m]);
  },
);
