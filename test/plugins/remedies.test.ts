/** What a message advises is done, and helps. Names that become files are refused before any work. */
import t, { type Test } from "tap";
import { parseDocument } from "yaml";
import {
  assemble,
  ClassifierSources,
  Datasets,
  fromArrays,
  isFileName,
  Key,
  loadScenario,
  refsOf,
  splitRows,
  tf,
  z,
} from "../../core/mod.ts";
import { runName } from "../../core/scenario/scenario.ts";
import { builtinPlugins } from "../../plugins/mod.ts";
import { evaluate, type Forward } from "../fixtures/evaluating.ts";

await tf.setBackend("cpu");
await tf.ready();
const base = new URL(import.meta.url);
const registry = await assemble(builtinPlugins);

const labels = Array.from({ length: 12 }, (_, i) => i % 2);
const data = {
  use: "arrays",
  values: labels.map((label) => [0.2 + 0.6 * label, 0.5]),
  labels,
  range: [0, 1],
};
const small = {
  ...{ data, n: 12, classifiers: { m: { use: "invented" } }, probes: false },
  ...{ attacks: ["fgsm"], epsilons: { linf: [0.1, 0.6] } },
};
const forward: Forward = (x) => {
  const [a] = tf.split(x, 2, 1) as [tf.Tensor];
  return tf.concat([tf.sub(1, a), a], 1);
};

/** Fails as told, and passes once what is told was done. */
async function remedy(
  t: Test,
  application: object,
  message: RegExp,
  better: object,
  [worse, cured]: readonly [Forward, Forward] = [forward, forward],
): Promise<void> {
  const told = await evaluate({ ...small, ...application }, worse).catch((error: Error) => ({
    status: "failed",
    error: error.message,
  }));
  t.equal(told.status, "failed");
  t.match(told.error, message);
  const done = await evaluate({ ...small, ...application, ...better }, cured);
  t.equal(done.status, "passed", `${message}: ${done.error}`);
}

t.test("the remedies of an evaluation help", async (t) => {
  const fgsm = (loss: string) => [{ use: "fgsm", loss }];
  await remedy(t, { attacks: fgsm("dlr") }, /dlr loss needs 3 classes.* choose log-odds or margin$/, {
    attacks: [...fgsm("log-odds"), ...fgsm("margin")],
  });
  await remedy(
    t,
    { attacks: ["deepfool"] },
    /attack "deepfool-l2" needs budgets: give epsilons: \{ l2: \[...\] \}/,
    {
      epsilons: { l2: [0.3] },
    },
  );
  await remedy(
    t,
    { goal: 1, attacks: ["aimless"], epsilons: { l2: [1] } },
    /take it out, or set goal: untargeted/,
    {
      goal: "untargeted",
    },
  );
  const alike = { ...data, labels: labels.map(() => 0) };
  await remedy(t, { data: alike }, /all of one class.* set classes to how many the classifiers tell apart/, {
    classes: 2,
  });
  const { range: _, ...open } = data;
  await remedy(t, { data: open }, /the data has no range; give bounds: \[lowest, highest\]/, { data });
  // an operation without a gradient
  const flat = tf.customGrad((x) => ({
    value: forward(x as tf.Tensor),
    gradFunc: () => {
      throw new Error("gradient function not found for Odd");
    },
  }));
  await remedy(
    t,
    {},
    /gives no gradients: .* Odd\. Attack it with black-box attacks, such as square, alone/,
    {
      attacks: [{ use: "square", queries: 5 }],
    },
    [(x) => flat(x), (x) => flat(x)],
  );
});

t.test("a split that cannot be drawn says what helps", (t) => {
  const data = (of: readonly number[], classes: number) =>
    fromArrays({
      ...{
        name: "mine",
        values: new Float32Array(of.length),
        shape: [1],
        labels: Uint8Array.from(of),
        classes,
      },
    });
  const split = (labels: readonly number[], labeled: number, validation: number, classes = 2) =>
    splitRows(data(labels, classes), { labeled, validation, unlabeled: "rest" }, Key.from(0));
  const even = [0, 1, 0, 1, 0, 1, 0, 1];
  const refused = (run: () => unknown, message: RegExp, better: () => unknown): void => {
    t.throws(run, { name: "InputError", message });
    t.doesNotThrow(better, `${message}`);
  };
  refused(
    () => split(even, 3, 1),
    /give a multiple of 2/,
    () => split(even, 2, 1),
  );
  refused(
    () => split(even, 10, 1),
    /give at most 8 as labeled$/,
    () => split(even, 6, 1),
  );
  refused(
    () => split(even, 4, 4),
    /only 4 rows are left.*give at most 3$/,
    () => split(even, 4, 3),
  );
  refused(
    () => split(even, 8, 0),
    /no rows are left.*give a smaller labeled$/,
    () => split(even, 6, 0),
  );
  refused(
    () => split([0, 0, 0, 0], 2, 0),
    /no rows of class 1, .*take data that has rows of each class$/,
    () => split(even, 2, 0),
  );
  t.end();
});

t.test("budgets may be fractions, and are the numbers that they are", async (t) => {
  const { metrics, status, events } = await evaluate(
    { ...small, keep: "all", epsilons: { linf: ["8/255", " 3 / 5 ", 0.1] } },
    forward,
  );
  t.equal(status, "passed");
  const budgets = Object.keys(metrics).flatMap((name) => /fgsm-linf@(.+)/.exec(name)?.[1] ?? []);
  t.same(budgets.map(Number).sort(), [8 / 255, 0.1, 0.6].sort());
  const told = events.flatMap((event) =>
    event.type === "stage" ? [event.stage] : event.type === "warning" ? [event.message] : [],
  );
  t.match(told.join("\n"), / at 8\/255$/m, "and are told as they were written");
  t.notMatch(told.join("\n"), /0\.0313/);
  const files = events.flatMap((event) => (event.type === "artifact" ? [event.path] : []));
  t.match(files.join("\n"), /adversarial\/m\/fgsm-linf@0\.03137254901960784\.npy$/m, "files have the number");
  for (const bad of ["8/0", "a/b", "-1/2", "8/", "1/2/3", "0.5"]) {
    await t.rejects(evaluate({ ...small, epsilons: { linf: [bad] } }, forward), {
      message: /expected a number or a fraction such as 8\/255|expected a fraction such as 8\/255/,
    });
  }
});

t.test("a name that becomes a file's is refused before any work", async (t) => {
  const bad = [
    "",
    ".",
    "..",
    "a/b",
    "a\\b",
    "a\0",
    "a\n",
    "CON",
    "nul.txt",
    "com1",
    "a.",
    "-a",
    "é",
    "a b",
    "a:b",
    "x".repeat(65),
  ];
  for (const name of bad) {
    t.notOk(isFileName(name), JSON.stringify(name));
    t.notOk(runName.safeParse(name).success);
    const text = JSON.stringify({
      name: "x",
      application: {
        use: "evaluate-robustness",
        ...small,
        classifiers: { [name]: { use: "trained", data } },
      },
    });
    await t.rejects(loadScenario(text, { base, file: "x", plugins: builtinPlugins }), {
      name: "InputError",
      message: /is not a name allowed here: expected (letters|at most)/,
    });
  }
  for (const good of ["a", "madry_0.1", "noisy-0.2_w1", "A.b", "console", "x".repeat(64)]) {
    t.ok(isFileName(good) && runName.safeParse(good).success, good);
  }
  const twins = { A: { use: "invented" }, a: { use: "invented" } };
  await t.rejects(evaluate({ ...small, classifiers: twins }), { message: /differ only in capitals/ });
});

t.test("a blank that YAML misses is told of, and helps", (t) => {
  const refs = refsOf(registry);
  const schema = z.strictObject({ data: refs(Datasets), list: z.array(refs(ClassifierSources)) });
  const messages = (text: string): string => {
    const found = schema.safeParse(parseDocument(text).toJS());
    return found.success ? "" : JSON.stringify(found.error.issues);
  };
  const told = messages("{data: moons, list: [{use:run,run: x}]}");
  t.match(told, /YAML asks for a blank after the colon: write \\"use: run\\"/);
  t.equal(messages("{data: moons, list: [{use: run,run: x}]}"), "");
  t.end();
});
