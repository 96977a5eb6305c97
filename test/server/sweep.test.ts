/** `dsgan sweep --dry-run`, and sweeps where scenarios are expected. */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";

const root = fileURLToPath(new URL("../..", import.meta.url));

function dsgan(...args: string[]): { code: number | null; out: string; err: string } {
  const main = join(root, "server/cli/main.ts");
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { encoding: "utf8" });
  return { code: status, out: stdout, err: stderr };
}

t.test("dsgan sweep --dry-run shows trials, settings and ids", (t) => {
  const { code, out } = dsgan("sweep", "sweep-ring", "--dry-run");
  t.equal(code, 0);
  t.match(out, /^sweep-ring: 4 trials from 2 seeds \(0, 1\) by grid\n/);
  t.match(out, /^sweep-ring-k2-learningRate0\.002-[0-9a-f]{12} +2 +0\.002$/m);
  t.match(out, /^Would run 8 runs, each to its end\.$/m);
  const { trials } = JSON.parse(dsgan("sweep", "sweep-ring", "--dry-run", "--json").out);
  t.equal(trials.length, 4);
  t.match(trials[0].runs, [
    { run: `${trials[0].trial}-seed0`, seed: 0 },
    { run: `${trials[0].trial}-seed1` },
  ]);
  t.end();
});

t.test("a sweep names its scenario by a path from its own file", (t) => {
  const folder = t.testdir();
  const scenario =
    "application: { use: generate, target: { use: dataset-difference, pd: uniform, pdBar: normal } }";
  writeFileSync(join(folder, "own.yaml"), scenario);
  const sweep = `scenario: ./own.yaml
vary: { application.k: { min: 1, max: 9, integer: true } }
search: { use: asha, trials: 6, rungs: [10, 20] }
goal: { minimize: criticLoss }
`;
  writeFileSync(join(folder, "my.yaml"), sweep);
  const shown = dsgan("sweep", join(folder, "my.yaml"), "--dry-run");
  t.equal(shown.code, 0, shown.err);
  t.match(shown.out, /Would run 6 runs to step 10\. The best go on, to 20 and to their end\./);
  t.match(shown.out, /Goal: minimize criticLoss/);
  t.match(dsgan("validate", join(folder, "my.yaml")), { code: 0, out: /my\.yaml: valid/ });
  writeFileSync(join(folder, "my.yaml"), sweep.replace("application.k", "application.kk"));
  for (const command of [["validate"], ["sweep", "--dry-run"]]) {
    const { code, err } = dsgan(...command, join(folder, "my.yaml"));
    t.equal(code, 2);
    t.match(
      err,
      /my\.yaml:2: vary\.application\.kk: 1 does not fit the scenario: unknown name; did you mean "k"/,
    );
  }
  t.end();
});

t.test("sweeps and scenarios are told apart", (t) => {
  t.match(dsgan("run", "sweep-ring"), {
    code: 2,
    err: /is a sweep, not a scenario: use dsgan sweep sweep-ring/,
  });
  t.match(dsgan("sweep", "smoke/ring", "--dry-run"), {
    code: 2,
    err: /is a scenario, not a sweep: use dsgan run/,
  });
  const empty = join(t.testdir({ "empty.yaml": "" }), "empty.yaml");
  t.match(dsgan("sweep", empty), { code: 2, err: /expected a mapping with "scenario" and "vary"/ });
  t.notMatch(dsgan("list", "scenarios").out, /sweep-|pu-learning/, "nor what is of a package of its own");
  t.end();
});

t.test("the published schema of sweeps is current", (t) => {
  const published = readFileSync(join(root, "scenarios/sweep-schema.json"), "utf8");
  t.equal(dsgan("schema", "--sweep").out, published);
  t.same(Object.keys(JSON.parse(published).properties).slice(0, 5), [
    "$schema",
    "name",
    "description",
    "scenario",
    "set",
  ]);
  t.end();
});
