/** The numbers behind certificates beside scipy's. */
import { spawnSync } from "node:child_process";
import t from "tap";
import { lowerBound, normalQuantile } from "../../plugins/robustness/smoothing/binomial.ts";

const python = process.env.DSGAN_PYTHON ?? "python3";
const script = `
import json, sys
from scipy.stats import beta, norm
counts, shares = json.load(sys.stdin)
print(json.dumps([[beta.ppf(a, k, n - k + 1) for k, n, a in counts], norm.ppf(shares).tolist()]))
`;
const counts = [10, 100, 1000, 100_000].flatMap((n) =>
  [0.05, 0.001, 1e-6].flatMap((alpha) =>
    [0.1, 0.5, 0.51, 0.9, 0.99, 0.999, 1].map((share) => [Math.ceil(share * n), n, alpha] as const),
  ),
);
const shares = [0.5001, 0.51, 0.6, 0.9, 0.99, 0.9999, 0.999999];
const asked = spawnSync(python, ["-c", script], {
  input: JSON.stringify([counts, shares]),
  encoding: "utf8",
  env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" },
});
const missing = asked.status !== 0 && `${python} has no scipy; name another interpreter in DSGAN_PYTHON`;

t.test("Clopper and Pearson's bound and the normal quantile are scipy's", { skip: missing }, (t) => {
  const [bounds, quantiles] = JSON.parse(asked.stdout) as [number[], number[]];
  const apart = (ours: readonly number[], theirs: readonly number[]): number =>
    Math.max(...ours.map((value, i) => Math.abs(value / theirs[i]! - 1)));
  t.equal(bounds.length, counts.length);
  const far = apart(
    counts.map(([k, n, alpha]) => lowerBound(k, n, alpha)),
    bounds,
  );
  t.ok(far < 1e-7, `${counts.length} bounds differ by ${far} of theirs at most`);
  t.ok(apart(shares.map(normalQuantile), quantiles) < 1e-7);
  t.end();
});
