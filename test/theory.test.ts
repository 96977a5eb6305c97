/**
 * The paper's theory on discrete distributions, where the best critic is known exactly. The critic is a lookup table:
 * a row is a state's one-hot vector, its score the state's logit. Expectations are exact too: `pdBar` comes in
 * batches whose rows repeat in proportion to its (rational) probabilities, the mixture as one weighted row a state.
 */
import fc from "fast-check";
import t from "tap";
import { type Critic, Key, tf, type Weighted } from "../core/mod.ts";
import { original } from "../plugins/objectives/original/original.ts";

await tf.setBackend("cpu");
await tf.ready();
fc.configureGlobal({ seed: 2019 });

const objective = original({ generator: "saturating" });
const key = Key.from("theory");
const log4 = Math.log(4);

const sum = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0);
const normalised = (xs: readonly number[]): number[] => xs.map((x) => x / sum(xs));
const mixture = (alpha: number, pg: readonly number[], pd: readonly number[]): number[] =>
  pg.map((g, x) => (1 - alpha) * g + alpha * pd[x]!);
const kl = (p: readonly number[], q: readonly number[]): number =>
  sum(p.map((a, x) => (a === 0 ? 0 : a * Math.log(a / q[x]!))));
const jsd = (p: readonly number[], q: readonly number[]): number => {
  const middle = p.map((a, x) => (a + q[x]!) / 2);
  return (kl(p, middle) + kl(q, middle)) / 2;
};

const oneHot = (state: number, states: number): tf.Tensor2D =>
  tf.tensor2d([Array.from({ length: states }, (_, x) => (x === state ? 1 : 0))]);
const tableCritic =
  (logits: tf.Tensor): Critic =>
  (rows) =>
    tf.matMul(rows as tf.Tensor2D, logits as tf.Tensor2D);
/** Rows of `pdBar`, each state as often as its count says. */
const realRows = (counts: readonly number[]): tf.Tensor =>
  tf.concat(counts.flatMap((n, x) => (n === 0 ? [] : [tf.tile(oneHot(x, counts.length), [n, 1])])));
const fakeRows = (mix: readonly number[]): Weighted[] =>
  mix.map((weight, x) => ({ weight, x: oneHot(x, mix.length) }));

/** Logits of D* = pdBar/(pdBar + mix); ±40 stand for ±∞: softplus(−40) = 4e-18. */
const bestLogits = (pdBar: readonly number[], mix: readonly number[]): number[] =>
  pdBar.map((b, x) => Math.max(-40, Math.min(40, Math.log(b / mix[x]!) || 0)));

/** C(G) = max_D V(G, D) by our own criticLoss, at D*. Counts are of `pdBar`. */
function C(counts: readonly number[], mix: readonly number[]): number {
  return tf.tidy(() => {
    const logits = tf.tensor2d(bestLogits(normalised(counts), mix), [mix.length, 1]);
    return -objective.criticLoss(tableCritic(logits), realRows(counts), fakeRows(mix), key).dataSync()[0]!;
  });
}

/** ∂C/∂pg(x) = (1 − α)·log(1 − D*(x)) (Proposition 3's proof), by our own generatorLoss on each state's row. */
function slopeOfC(alpha: number, counts: readonly number[], mix: readonly number[]): number[] {
  return tf.tidy(() => {
    const states = counts.length;
    const critic = tableCritic(tf.tensor2d(bestLogits(normalised(counts), mix), [states, 1]));
    return counts.map(
      (_, x) => (1 - alpha) * objective.generatorLoss(critic, oneHot(x, states)).dataSync()[0]!,
    );
  });
}

/**
 * Descends C over the simplex by exponentiated gradient, `pg ← pg·exp(−η·∂C)/Z`, from the uniform distribution.
 * ∂²C/∂pg² = (1 − α)²·pdBar/((pdBar + mix)·mix) ≤ (1 − α)/pg: C is (1 − α)-smooth relative to the entropy, so that
 * with η = 1/(1 − α) every step goes down, and after T steps C is within (1 − α)·log(states)/T of its minimum
 * (Lu, Freund, Nesterov, SIAM J. Optim. 28(1), 2018, Theorem 3.1).
 */
function descend(alpha: number, counts: readonly number[], pd: readonly number[], T: number): number[][] {
  const path = [normalised(counts.map(() => 1))];
  for (let i = 0; i < T; i++) {
    const pg = path.at(-1)!;
    const slope = slopeOfC(alpha, counts, mixture(alpha, pg, pd));
    path.push(normalised(pg.map((g, x) => g * Math.exp(-slope[x]! / (1 - alpha)))));
  }
  return path;
}

/**
 * The minimiser's mixture, found otherwise: by the conditions of optimality mix/pdBar is the same wherever pg > 0
 * and no smaller elsewhere, so mix = max(α·pd, c·pdBar) with the c that makes it sum to 1.
 */
function bestMixture(alpha: number, pdBar: readonly number[], pd: readonly number[]): number[] {
  const at = (c: number): number[] => pdBar.map((b, x) => Math.max(alpha * pd[x]!, c * b));
  let [low, high] = [0, 2];
  for (let i = 0; i < 100; i++) {
    const c = (low + high) / 2;
    if (sum(at(c)) < 1) low = c;
    else high = c;
  }
  return at(high);
}

const STATES = 5;
const TOTAL = 60;
/** Counts that sum to TOTAL over STATES states, zeros among them. */
const countsOf = (states: number): fc.Arbitrary<number[]> =>
  fc
    .array(fc.integer({ min: 0, max: TOTAL }), { minLength: states - 1, maxLength: states - 1 })
    .map((cuts) => [0, ...cuts.sort((a, b) => a - b), TOTAL].slice(0, states + 1))
    .map((cuts) => cuts.slice(1).map((cut, i) => cut - cuts[i]!));
const counts = countsOf(STATES);
const alphas = fc.integer({ min: 0, max: 19 }).map((n) => n / 20);

t.test("Proposition 1: minimising criticLoss leads to D* = pdBar/(pdBar + (1−α)pg + α·pd)", async (t) => {
  const somewhere = counts.map((c) => c.map((n) => n + 6)); // D* in (0, 1), away from the ends
  fc.assert(
    fc.property(somewhere, counts, somewhere, alphas, (barCounts, dCounts, gCounts, alpha) => {
      const pdBar = normalised(barCounts);
      const mix = mixture(alpha, normalised(gCounts), normalised(dCounts));
      const logits = tf.variable(tf.zeros([STATES, 1]));
      const real = realRows(barCounts);
      const fake = fakeRows(mix);
      // The loss is separate for each state and its second derivative at most (pdBar + mix)/4: so long a step
      // at least multiplies the distance to D* by 1 − 4·min D*(1 − D*) < 0.8.
      const step = tf.tensor2d(
        pdBar.map((b, x) => 4 / (b + mix[x]!)),
        [STATES, 1],
      );
      for (let i = 0; i < 60; i++) {
        tf.tidy(() => {
          const loss = () => objective.criticLoss(tableCritic(logits), real, fake, key);
          const { grads } = tf.variableGrads(loss, [logits]);
          logits.assign(tf.sub(logits, tf.mul(step, grads[logits.name]!)));
        });
      }
      const D = [...tf.tidy(() => tf.sigmoid(logits).dataSync())];
      tf.dispose([logits, real, step, fake.map(({ x }) => x)]);
      for (const [x, d] of D.entries()) {
        const best = pdBar[x]! / (pdBar[x]! + mix[x]!);
        t.ok(Math.abs(d - best) < 1e-4, `state ${x}: D ${d}, D* ${best}`);
      }
    }),
    { numRuns: 15 },
  );
});

t.test("Theorem 1: C(G) is −log 4 + 2 JSD, never below −log 4, and above it by the distance", async (t) => {
  fc.assert(
    fc.property(counts, counts, counts, alphas, (bar, d, g, alpha) => {
      const pdBar = normalised(bar);
      const mix = mixture(alpha, normalised(g), normalised(d));
      const c = C(bar, mix);
      t.ok(c >= -log4 - 1e-6, `C(G) = ${c}`);
      t.ok(Math.abs(c - (-log4 + 2 * jsd(pdBar, mix))) < 1e-5, "appendix B.2");
      // Pinsker's inequality for each half of the JSD: 2 JSD ≥ TV²
      const distance = sum(pdBar.map((b, x) => Math.abs(b - mix[x]!))) / 2;
      t.ok(c >= -log4 + distance ** 2 - 1e-5, `C(G) + log 4 = ${c + log4}, distance ${distance}`);
    }),
    { numRuns: 200 },
  );
});

t.test("Theorem 1: C(G) is −log 4 where (1−α)pg + α·pd = pdBar", async (t) => {
  fc.assert(
    fc.property(counts, counts, fc.integer({ min: 0, max: 19 }), (d, g, a) => {
      const bar = g.map((n, x) => (20 - a) * n + a * d[x]!); // in units of 1/(20·TOTAL)
      const mix = mixture(a / 20, normalised(g), normalised(d));
      t.ok(Math.abs(C(bar, mix) + log4) < 1e-6);
    }),
    { numRuns: 100 },
  );
});

t.test("Proposition 2: where α·pd ≥ pdBar on supp pd, pg ends on supp pdBar − supp pd", async (t) => {
  // states 0, 1: pd and pdBar; 2, 3: pdBar alone; 4: neither
  const cases = fc.record({
    d: fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 })),
    off: fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 })),
    alpha: fc.integer({ min: 6, max: 16 }).map((n) => n / 20),
    share: fc.tuple(
      fc.double({ min: 0.3, max: 0.8, noNaN: true }),
      fc.double({ min: 0.3, max: 0.8, noNaN: true }),
    ),
  });
  fc.assert(
    fc.property(cases, ({ d, off, alpha, share }) => {
      const pd = normalised([...d, 0, 0, 0]);
      // on supp pd, pdBar is a share below 1 of α·pd; what is left goes where pd is not
      const on = share.map((s, x) => Math.max(1, Math.floor(1000 * s * alpha * pd[x]!)));
      const left = 1000 - sum(on);
      const first = Math.max(1, Math.round((left * off[0]) / (off[0] + off[1])));
      const bar = [...on, first, left - first, 0];
      const pdBar = normalised(bar);
      fc.pre(left - first > 0);
      for (const x of [0, 1]) t.ok(alpha * pd[x]! >= pdBar[x]!, "the proposition's premise");

      const pg = descend(alpha, bar, pd, 150).at(-1)!;
      t.ok(pg[0]! + pg[1]! < 1e-3, `mass on supp pd: ${pg[0]! + pg[1]!}`);
      t.ok(pg[4]! < 1e-3, `mass where pdBar is 0: ${pg[4]}`);
      const expected = normalised([pdBar[2]!, pdBar[3]!]);
      t.ok(Math.abs(pg[2]! - expected[0]!) < 1e-2, `pg ${pg} is in proportion to pdBar there: ${expected}`);
    }),
    { numRuns: 8 },
  );
});

t.test("Proposition 2 needs its premise: where α·pd < pdBar, pg fills what is missing", async (t) => {
  const alpha = 0.5;
  const pd = [1, 0];
  const bar = [80, 20]; // α·pd = ½ < 0.8 = pdBar on supp pd: pt = (0.6, 0.4)
  const pg = descend(alpha, bar, pd, 150).at(-1)!;
  t.ok(Math.abs(pg[0]! - 0.6) < 1e-2, `pg = ${pg}`);
});

t.test("Proposition 3: each step of pg lowers the JSD, which reaches its minimum", async (t) => {
  const T = 150;
  fc.assert(
    fc.property(countsOf(4), countsOf(4), alphas, (bar, d, alpha) => {
      const pd = normalised(d);
      const pdBar = normalised(bar);
      const distances = descend(alpha, bar, pd, T).map((pg) => jsd(pdBar, mixture(alpha, pg, pd)));
      distances.forEach((now, i) => {
        if (i > 0 && now > distances[i - 1]! + 1e-7) t.fail(`step ${i}: ${distances[i - 1]} to ${now}`);
      });
      const least = jsd(pdBar, bestMixture(alpha, pdBar, pd));
      const last = distances.at(-1)!;
      // C = −log 4 + 2 JSD, so the bound on C is halved
      const bound = ((1 - alpha) * Math.log(4)) / T / 2;
      t.ok(last - least <= bound + 1e-6, `JSD ${last}, minimum ${least}, bound ${bound}`);
      t.ok(last - least >= -1e-9, "and is no less than the minimum found otherwise");
    }),
    { numRuns: 12 },
  );
});
