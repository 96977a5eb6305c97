/** Sweep files: their grammar, and every mistake with its line. */
import t, { type Test } from "tap";
import {
  canonical,
  combinations,
  component,
  drawn,
  Engines,
  InputError,
  Key,
  type Space,
  sizeOfSpace,
  z,
} from "../../../core/mod.ts";
import { sweepOf } from "./parts.ts";

const whole = `
scenario: ring
set: { application.steps: 2000 }
vary:
  application.k: [1, 3, 5]
  application.optimizer.learningRate: { min: 1e-4, max: 1e-2, scale: log }
exclude: [{ application.k: 5, application.optimizer.learningRate: { atLeast: 0.005 } }]
seeds: [0, 1, 2]
search: { use: asha, trials: 40, seed: 0, rungs: [250, 500, 1000], keep: 1/3 }
goal: { maximize: coverage }
expect: { coverage: { mean: { atLeast: 0.9 }, worst: { atLeast: 0.8 } } }
limits: { atOnce: 16, failures: 5, retries: 3 }
`;

t.test("a sweep file is read, every default filled in", async (t) => {
  const { sweep, space, goal, search, overridesOf } = await sweepOf(whole);
  t.equal(sweep.name, "sweep", "the file's name");
  t.same(space.domains["application.optimizer.learningRate"], {
    ...{ kind: "range", min: 1e-4, max: 1e-2, scale: "log", integer: false },
  });
  t.same(space.exclude, [
    { "application.k": { values: [5] }, "application.optimizer.learningRate": { atLeast: 0.005 } },
  ]);
  t.same(goal, { metric: "coverage", direction: "maximize" });
  t.same(search.rungs, [250, 500, 1000]);
  t.same(overridesOf({ "application.k": 3, "application.optimizer.learningRate": 0.001 }, 2), [
    { path: "application.steps", value: "2000" },
    { path: "application.k", value: "3" },
    { path: "application.optimizer.learningRate", value: "0.001" },
    { path: "seed", value: "2" },
  ]);
  const small = await sweepOf("scenario: ring\nvary: { application.k: [1] }\nsearch: grid\nname: mine");
  t.match(small.sweep, { name: "mine", seeds: [0], set: {}, limits: { failures: 5, retries: 3 } });
});

/** A sweep is refused with these problems: lines and beginnings of messages. */
async function refused(t: Test, text: string, wanted: readonly (readonly [number, RegExp])[]): Promise<void> {
  const error: unknown = await sweepOf(text).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof InputError)) throw error ?? new Error(`accepted: ${text}`);
  const lines = error.message.split("\n");
  t.equal(lines.length, wanted.length, error.message);
  wanted.forEach(([line, message], i) => {
    t.match(lines[i], message);
    t.match(lines[i], `sweep.yaml:${line}: `);
  });
}

const rest = "search: grid";
const varied = "vary: { application.k: [1, 2] }";

t.test("what is wrong with a sweep's grammar is told with its line", async (t) => {
  await refused(t, "vary: {}", [
    [1, /scenario: is missing/],
    [1, /vary: expected at least one path/],
    [1, /search: is missing.*Registered: asha, grid, optuna, random/],
  ]);
  await refused(
    t,
    `scenario: ring\nvary:\n  application.k: [1, 2]\n  application.m: { min: 9, max: 3 }\nserch: grid`,
    [
      [1, /search: is missing/],
      [4, /vary\.application\.m: expected min below max/],
      [5, /serch: unknown name; did you mean "search"\?/],
    ],
  );
  await refused(t, `scenario: ring\n${varied}\n${rest}\nseeds: [0, 1.5]\ngoal: { maximise: coverage }`, [
    [4, /seeds\.1: expected a whole number/],
    [5, /goal\.maximize: is missing/],
    [5, /goal\.maximise: unknown name; did you mean "maximize"/],
  ]);
  await refused(t, `scenario: ring\nvary: { application.m: { min: 0, max: 3, scale: log } }\n${rest}`, [
    [2, /expected min above 0/],
  ]);
  await refused(t, `scenario: ring\n${varied}\n${rest}\nexpect:\n  coverage: { atLeast: 0.9 }`, [
    [5, /expect\.coverage\.atLeast: unknown name/],
  ]);
  await t.rejects(sweepOf("[1]"), { message: /expected a mapping with "scenario" and "vary"/ });
});

t.test("values that are listed twice, and paths that do not go together, are told", async (t) => {
  await refused(t, `scenario: ring\nvary:\n  application.k:\n    - 1\n    - 2\n    - 1.0\n${rest}`, [
    [6, /vary\.application\.k\.2: 1 is listed already, as item 1/],
  ]);
  await refused(t, `scenario: ring\nset: { application.k: 1 }\n${varied}\nseeds: [3, 3]\n${rest}`, [
    [3, /is set and varied/],
    [4, /seeds\.1: 3 is listed already/],
  ]);
  await refused(
    t,
    `scenario: ring\nvary:\n  application.optimizer.learningRate: [0.1]\n  application.optimizer: [adam]\n${rest}`,
    [[4, /would undo application\.optimizer\.learningRate/]],
  );
  await refused(t, `scenario: ring\nset: { name: x, plugins: [] }\nvary: { seed: [1, 2] }\n${rest}`, [
    [2, /set\.name: cannot be set here: runs are named after the sweep/],
    [2, /set\.plugins: cannot be set here/],
    [3, /vary\.seed: cannot be set here: list seeds under `seeds`/],
  ]);
});

t.test("what is excluded must be varied", async (t) => {
  const text = `scenario: ring
vary:
  application.k: [1, 3]
  application.objective: [wgan, original]
  application.m: { min: 8, max: 64, integer: true }
exclude:
  - { application.kk: 1 }
  - application.k: 2
    application.m: 100
  - { application.objective: { atLeast: 1 } }
search: { use: random, trials: 3 }`;
  await refused(t, text, [
    [7, /exclude\.0\.application\.kk: is not varied; did you mean "application\.k"\?/],
    [8, /exclude\.1\.application\.k: 2 is not among the values that it varies over: 1, 3/],
    [9, /exclude\.1\.application\.m: 100 is not within 8 and 64/],
    [10, /exclude\.2\.application\.objective: has bounds, but no value of its list is a number/],
  ]);
  await refused(t, `scenario: ring\n${varied}\nexclude: [{ application.k: [1, 2] }]\n${rest}`, [
    [3, /exclude: leaves no combination at all/],
  ]);
});

t.test("every value is tried on the scenario", async (t) => {
  await refused(t, `scenario: ring\nset:\n  application.stepz: 3\n${varied}\n${rest}`, [
    [3, /set\.application\.stepz: 3 does not fit the scenario: unknown name; did you mean "steps"\?/],
  ]);
  await refused(t, `scenario: ring\nvary:\n  application.k:\n    - 1\n    - 0\n    - two\n${rest}`, [
    [5, /vary\.application\.k\.1: 0 does not fit the scenario: expected more than 0, got 0/],
    [6, /vary\.application\.k\.2: "two" does not fit the scenario: expected a whole number, got "two"/],
  ]);
  await refused(
    t,
    `scenario: ring\nvary:\n  application.k: [1]\n  application.m: { min: 0.5, max: 4 }\nsearch: { use: random, trials: 2 }`,
    [[4, /vary\.application\.m: 0\.5 does not fit the scenario: expected a whole number, got 0\.5/]],
  );
  const objectives = "\n    - wgan\n    - { use: wgan-gp, lamda: 1 }\n    - wgan-pg";
  await refused(t, `scenario: ring\nvary:\n  application.objective:${objectives}\n${rest}`, [
    [
      5,
      /vary\.application\.objective\.1: .* application\.objective\.lamda: unknown name; did you mean "lambda"/,
    ],
    [
      6,
      /vary\.application\.objective\.2: "wgan-pg" does not fit the scenario: unknown objective "wgan-pg"; did you mean "wgan-gp"/,
    ],
  ]);
  await refused(t, `scenario: ring\nvary: { application.k.x: [1] }\n${rest}`, [
    [
      2,
      /vary\.application\.k\.x\.0: 1 does not fit the scenario: application\.k is 1, which has no "x" to set/,
    ],
  ]);
});

t.test("settings that components refuse are told too", async (t) => {
  const picky = component(Engines, {
    name: "picky",
    summary: "",
    options: z.strictObject({ threads: z.int() }),
    create({ threads }): never {
      throw new InputError(threads > 4 ? "this machine has 4 threads" : "no engine at all");
    },
  });
  const text = `scenario: ring\nvary:\n  engine:\n    - cpu\n    - { use: picky, threads: 8 }\n${rest}`;
  const error = await sweepOf(text, undefined, [picky]).catch((thrown: unknown) => thrown);
  t.match(
    (error as Error).message,
    /^sweep\.yaml:5: vary\.engine\.1: .* does not fit.*: this machine has 4 threads$/,
  );
});

t.test("a scenario inside a sweep has the sweep's lines, one beside it has its own", async (t) => {
  const inside = `scenario:\n  application:\n    use: generate\n    target: ringg\n${varied}\n${rest}`;
  await refused(t, inside, [[4, /scenario\.application\.target: unknown target "ringg"/]]);
  const beside = sweepOf(`scenario: ring\n${varied}\n${rest}`, "application: { use: generate }");
  await t.rejects(beside, { message: /^ring\.yaml:1: application\.target: is missing/ });
});

t.test("a search says what it cannot do, at its line", async (t) => {
  const text = `scenario: ring\nvary: { application.optimizer.learningRate: { min: 0.001, max: 0.1 } }\nsearch: grid`;
  await refused(t, text, [
    [3, /search: grid tries every value, and application\.optimizer\.learningRate has no end/],
  ]);
  const asha = `scenario: ring\n${varied}\nsearch: { use: asha, trials: 2, rungs: [20, 10] }`;
  await refused(t, asha, [[3, /search\.rungs: expected rising steps/]]);
});

t.test("ids of trials are readable, and functions of the settings and of the scenario", async (t) => {
  const ids = async (text: string): Promise<string[]> => {
    const { space, trialIdOf } = await sweepOf(text);
    return [...combinations(space)].map(trialIdOf);
  };
  const vary = "vary: { application.k: [1, 3], application.objective: [wgan, { use: wgan-gp, lambda: 1 }] }";
  const found = await ids(`scenario: ring\n${vary}\n${rest}`);
  t.match(found, [
    /^sweep-k1-objective-wgan-[0-9a-f]{12}$/,
    /^sweep-k1-objective-wgan-gp-[0-9a-f]{12}$/,
    /^sweep-k3-objective-wgan-[0-9a-f]{12}$/,
    /^sweep-k3-objective-wgan-gp-[0-9a-f]{12}$/,
  ]);
  const longer =
    "vary: { application.k: [1, 3, 5], application.objective: [wgan, { lambda: 1, use: wgan-gp }] }";
  t.same(
    (await ids(`scenario: ring\n${longer}\n${rest}\nseeds: [4, 5]`)).slice(0, 4),
    found,
    "as before in a larger sweep",
  );
  const other = await ids(`scenario: ring\nset: { application.steps: 7 }\n${vary}\n${rest}`);
  t.notOk(
    other.some((id) => found.includes(id)),
    "other trials where the scenario has changed",
  );
});

t.test(
  "drawn() gives combinations in the order of the key, none excluded, none twice, until none is left",
  (t) => {
    const space: Space = {
      domains: {
        k: { kind: "choices", values: [1, 2, 3] },
        rate: { kind: "range", min: 1, max: 1000, scale: "log", integer: true },
      },
      exclude: [{ k: { values: [3] } }],
    };
    const all = [...drawn(space, Key.from(1))];
    t.equal(all.length, 2000);
    t.equal(new Set(all.map(canonical)).size, 2000);
    const large: Space = {
      ...space,
      domains: { ...space.domains, rate: { ...space.domains.rate!, max: 1e6 } as never },
    };
    t.equal(sizeOfSpace(large), 3e6);
    const some: number[] = [];
    for (const { k, rate } of drawn(large, Key.from(2))) {
      t.ok(k !== 3 && Number.isInteger(rate));
      if (some.push(rate as number) === 400) break;
    }
    const low = some.filter((rate) => rate <= 1000).length / some.length;
    t.ok(low > 0.4 && low < 0.6, `${low}: half of the draws are in the lower half of the logarithms`);
    t.end();
  },
);
