/** The application `evaluate-robustness`, from a scenario's text to what a run keeps. */
import { parse } from "npyjs";
import { lastValueFrom, type Observable, tap, toArray } from "rxjs";
import t from "tap";
import {
  assemble,
  ClassifierSources,
  classifierOf,
  component,
  contextOf,
  Key,
  loadScenario,
  numbersOf,
  PLAIN,
  type Plugin,
  type RunEvent,
  type RunReader,
  run,
  type Store,
  Stores,
  tf,
  z,
} from "../../core/mod.ts";
import { builtinPlugins } from "../../plugins/mod.ts";

const base = new URL(import.meta.url);

/** Small images in three classes: a bright third, the rest dim, and noise. */
const n = 50;
const labels = Array.from({ length: n }, (_, i) => i % 3);
const noise = Key.from("pictures").uniformArray(n * 36, 0, 0.45);
const data = {
  use: "arrays",
  values: labels.map((label, i) =>
    Array.from({ length: 6 }, (_, r) =>
      Array.from({ length: 6 }, (_, c) => [
        noise[i * 36 + r * 6 + c]! + (Math.floor(c / 2) === label ? 0.5 : 0),
      ]),
    ),
  ),
  labels,
  range: [0, 1],
};
const trained = {
  use: "trained",
  data,
  network: { use: "mlp", hidden: [16] },
  optimizer: { use: "adam", learningRate: 0.01 },
  epochs: 6,
  batch: 20,
};
const small = {
  data,
  n: 44,
  batch: 16, // the last batch is short
  classifiers: { plain: trained, again: { ...trained, epochs: 4 } },
  attacks: ["fgsm", { use: "pgd", steps: 6, relativeStep: 0.25 }, { use: "deepfool", steps: 20 }],
  epsilons: { linf: [0.05, 0.2], l2: [0.3, 1, 3] },
  show: 4,
};

interface Ran {
  readonly events: readonly RunEvent[];
  readonly metrics: Record<string, number>;
  readonly reader: RunReader;
  readonly status: string;
  readonly error: string | undefined;
}

async function runScenario(
  application: object,
  {
    seed = 1,
    store,
    watch,
    resume,
    more = {},
    plugins = builtinPlugins,
  }: {
    seed?: number;
    store?: Store;
    watch?: (event: RunEvent, stop: AbortController) => void;
    resume?: string;
    more?: object;
    plugins?: readonly Plugin[];
  } = {},
): Promise<Ran> {
  const text = JSON.stringify({
    name: "test",
    engine: "wasm",
    seed,
    application: { use: "evaluate-robustness", ...application },
    ...more,
  });
  const loaded = await loadScenario(text, { base, file: "test", plugins });
  const where = store ?? (await memory());
  const stop = new AbortController();
  const stream: Observable<RunEvent> = run(loaded, {
    store: where,
    signal: stop.signal,
    ...(resume !== undefined && { resume }),
  });
  const events = await lastValueFrom(
    stream.pipe(
      tap((event) => watch?.(event, stop)),
      toArray(),
    ),
  );
  const reader = await where.open((await where.list())[0]!);
  const ended = events.at(-1)!;
  return {
    events,
    reader,
    metrics: { ...numbersOf((await reader.result())?.metrics ?? {}) },
    status: ended.type === "ended" ? ended.status : "",
    error: ended.type === "ended" ? ended.error : undefined,
  };
}

const memory = async (): Promise<Store> =>
  contextOf(await assemble(builtinPlugins), base).create(Stores, { use: "memory" });
const textOf = async (reader: RunReader, path: string): Promise<string[][]> =>
  new TextDecoder()
    .decode(await reader.read(path))
    .trim()
    .split("\n")
    .map((line) => line.split(","));

t.test("evaluateRobustness() is a function of the seed, and says what it found in every form", async (t) => {
  const { events, metrics, reader, status } = await runScenario(small);
  t.equal(status, "passed");
  t.same((await runScenario(small)).metrics, metrics);
  t.notSame((await runScenario(small, { seed: 2 })).metrics, metrics);
  const names = Object.keys(metrics);
  for (const classifier of ["plain", "again"]) {
    for (const metric of [
      "clean",
      "fgsm-linf@0.05",
      "pgd-linf@0.2",
      "deepfool-l2@3",
      "worst-linf@0.2",
      "deepfool-l2.median",
      "saturated",
      "step-cross-entropy@0.2",
      "step-log-odds@0.2",
    ]) {
      t.ok(names.includes(`${classifier}.${metric}`), `${classifier}.${metric}`);
    }
  }
  const [worst, pgd, clean] = ["worst-linf@0.2", "pgd-linf@0.2", "clean"].map((m) => metrics[`plain.${m}`]!);
  t.ok(worst! <= pgd! && pgd! < clean! && clean! > 0.9);

  const rows = await textOf(reader, "artifacts/images.csv");
  t.equal(rows.length, 1 + 2 * 5 * 44, "a row for each image, classifier and trial");
  const column = (name: string) => rows[0]!.indexOf(name);
  const of = (attack: string, epsilon: string): string[][] =>
    rows.filter((row) => row[0] === "plain" && row[1] === attack && row[column("epsilon")] === epsilon);
  for (const [attack, epsilon] of [
    ["fgsm-linf", "0.05"],
    ["pgd-linf", "0.2"],
  ] as const) {
    const right = of(attack, epsilon).filter((row) => row[column("attacked")] === "1");
    const held = right.filter((row) => row[column("success")] === "0").length;
    t.equal(held / 44, metrics[`plain.${attack}@${epsilon}`], "accuracy is recounted from the table");
    t.ok(right.every((row) => Number(row[column("linf")]) <= Number(epsilon) + 1e-5));
    t.ok(
      right.every(
        (row) => (row[column("success")] === "1") === (row[column("prediction")] !== row[column("label")]),
      ),
    );
  }
  t.ok(of("deepfool-l2", "").length === 44);

  const curves = await textOf(reader, "artifacts/curves.csv");
  t.same(curves[0], ["classifier", "attack", "norm", "epsilon", "accuracy", "low", "high", "n"]);
  t.ok(
    curves
      .slice(1)
      .every(([, , , , value, low, high]) => Number(low) <= Number(value) && Number(value) <= Number(high)),
  );

  const kept = events.flatMap((event) => (event.type === "artifact" ? [event.path] : []));
  t.same(
    kept.filter((path) => path.includes("/plain/")),
    [
      "artifacts/adversarial/plain/fgsm-linf@0.2.npy",
      "artifacts/previews/plain/fgsm-linf@0.2.png",
      "artifacts/adversarial/plain/pgd-linf@0.2.npy",
      "artifacts/previews/plain/pgd-linf@0.2.png",
      "artifacts/adversarial/plain/deepfool-l2.npy",
      "artifacts/previews/plain/deepfool-l2.png",
    ],
  );
  t.ok(kept.includes("artifacts/accuracy.png"));
  const attacked = of("pgd-linf", "0.2").filter((row) => row[column("attacked")] === "1");
  const bytes = await reader.read("artifacts/adversarial/plain/pgd-linf@0.2.npy");
  const array = await parse(Uint8Array.from(bytes).buffer);
  t.same(array.shape, [attacked.length, 6, 6, 1]);
  attacked.forEach((row, i) => {
    const image = Number(row[column("row")]);
    const clean = data.values[image]!.flat(2);
    const most = Math.max(...clean.map((v, j) => Math.abs((array.data as Float32Array)[i * 36 + j]! - v)));
    t.ok(Math.abs(most - Number(row[column("linf")])) < 1e-6, "examples and table are of the same images");
  });
});

t.test("an evaluation that was interrupted goes on and ends in the same numbers", async (t) => {
  const whole = await runScenario(small);
  const store = await memory();
  const stops = [
    (event: RunEvent) => event.type === "progress" && event.stage === "train plain" && event.step > 5,
    (event: RunEvent) => event.type === "progress" && event.stage === "plain: pgd-linf at 0.05",
    (event: RunEvent) => event.type === "progress" && event.stage === "again: deepfool-l2",
  ];
  let resume: string | undefined;
  const seen: RunEvent[] = [];
  for (const stopAt of [...stops, () => false]) {
    const { events, status } = await runScenario(small, {
      store,
      more: { checkpoint: { steps: 1 } },
      watch: (event, stop) => {
        if (stopAt(event)) stop.abort(new Error("enough"));
      },
      ...(resume !== undefined && { resume }),
    });
    t.equal(status, stopAt.length === 0 ? "passed" : "cancelled");
    seen.push(...events);
    [resume] = await store.list();
  }
  const reader = await store.open(resume!);
  t.same((await reader.result())?.metrics, whole.metrics);
  for (const path of [
    "artifacts/images.csv",
    "artifacts/adversarial/plain/pgd-linf@0.2.npy",
    "artifacts/accuracy.png",
  ]) {
    t.same(await reader.read(path), await whole.reader.read(path), path);
  }
  const attacked = (events: readonly RunEvent[]): string[] =>
    events.flatMap((event) =>
      event.type === "progress" && /: /.test(event.stage) ? [`${event.stage} ${event.step}`] : [],
    );
  t.same(attacked(seen), attacked(whole.events), "no batch is told of twice, and none left out");
});

t.test("checkpoints write each example once, and none that nobody asked to keep", async (t) => {
  const one = {
    ...small,
    classifiers: { plain: trained },
    attacks: [{ use: "pgd", steps: 2 }],
    epsilons: { linf: [0.1] },
    batch: 10,
    probes: false,
  };
  const written = async (keep: "all" | "none") => {
    const { events, reader } = await runScenario({ ...one, keep }, { more: { checkpoint: { steps: 1 } } });
    const sizes = events.flatMap((event) => (event.type === "checkpoint" ? [event.bytes] : []));
    const files = (await reader.files("artifacts/adversarial/")).map((path) => reader.read(path));
    const kept = (await Promise.all(files)).reduce((sum, { length }) => sum + length, 0);
    return { bytes: sizes.reduce((a, b) => a + b, 0), count: sizes.length, kept };
  };
  const [none, all] = [await written("none"), await written("all")];
  t.equal(none.kept, 0);
  t.equal(all.count, none.count);
  t.ok(all.kept > 0);
  const about = 100 * all.count; // the records of a checkpoint's files
  t.ok(
    all.bytes - none.bytes < 1.5 * all.kept + about,
    `${all.bytes - none.bytes} for ${all.kept} in ${all.count}`,
  );
});

t.test("mode minimal looks for the least budget, and agrees with running at each", async (t) => {
  const attacks = [{ use: "pgd", steps: 15, relativeStep: 0.1, randomStart: false }];
  const epsilons = { linf: [0.05, 0.1, 0.15, 0.2] };
  const one = { ...small, classifiers: { plain: trained }, attacks, epsilons, keep: "none", probes: false };
  const fixed = await runScenario(one);
  const minimal = await runScenario({ ...one, mode: "minimal", search: { steps: 12 } });
  for (const epsilon of epsilons.linf) {
    const [a, b] = [fixed, minimal].map(({ metrics }) => metrics[`plain.pgd-linf@${epsilon}`]!);
    t.ok(Math.abs(a! - b!) <= 1 / 44 + 1e-9, `at ${epsilon}: ${a} and ${b}`);
  }
  t.ok(minimal.metrics["plain.pgd-linf.median"]! > 0.01);
  const scan = await runScenario({
    ...one,
    attacks: ["fgsm"],
    mode: "minimal",
    search: { by: "scan", steps: 40 },
  });
  t.ok(scan.metrics["plain.fgsm-linf.median"]! >= minimal.metrics["plain.pgd-linf.median"]! - 0.006);
});

t.test("a goal is a class for each image", async (t) => {
  const one = {
    ...small,
    classifiers: { plain: trained },
    attacks: [{ use: "pgd", steps: 10, relativeStep: 0.2 }],
    epsilons: { linf: [0.6] },
  };
  for (const goal of ["least-likely", "random", 2]) {
    const { reader, status } = await runScenario({ ...one, goal });
    t.equal(status, "passed");
    const [head, ...rows] = await textOf(reader, "artifacts/images.csv");
    const column = (name: string) => head!.indexOf(name);
    const fooled = rows.filter((row) => row[column("success")] === "1");
    t.ok(fooled.length > 10, `${goal}: ${fooled.length}`);
    t.ok(fooled.every((row) => row[column("prediction")] !== row[column("label")]));
    if (goal === 2) t.ok(fooled.every((row) => row[column("prediction")] === "2"));
  }
});

t.test("a classifier that masks its gradients is told of, with what to do", async (t) => {
  // images a thousand times as bright as the network was made for: its softmax saturates
  const saturated = { ...trained, deviation: 0.001, epochs: 2 };
  const { events, status } = await runScenario({
    ...small,
    classifiers: { saturated },
    attacks: [{ use: "pgd", steps: 10, relativeStep: 0.2, randomStart: false }],
    epsilons: { linf: [0.2] },
  });
  t.equal(status, "passed");
  const warnings = events.flatMap((event) => (event.type === "warning" ? [event.message] : []));
  t.match(warnings, [
    /^saturated: float32 rounds the gradient of the cross-entropy: .* \(and the gradient zero on .*log-odds, margin or dlr/,
    /^saturated: at the largest linf budget, 0.2, .* are still right/,
    /^saturated: pgd-linf fools .* more steps do not help/,
  ]);
});

/** Brightness of each third of an image, times a factor: the larger that is, the surer the classifier. */
const bright: Plugin = {
  name: "bright",
  components: [
    component(ClassifierSources, {
      name: "bright",
      summary: "Brightness of each third",
      options: z.strictObject({ factor: z.number() }),
      create: ({ factor }) => ({
        name: "bright",
        async *open(place) {
          return classifierOf(place, PLAIN, [6, 6, 1], (x) =>
            tf.mul(factor, tf.mean(tf.reshape(x, [-1, 6, 3, 2]), [1, 3])),
          );
        },
      }),
    }),
  ],
};

t.test(
  "a rounded cross-entropy is measured on every classifier, and told of where it flatters one",
  async (t) => {
    const told = async (factor: number, norm: "linf" | "l2", more: object = {}) => {
      const { events, metrics, status } = await runScenario(
        {
          ...small,
          classifiers: { one: { use: "bright", factor } },
          attacks: [{ use: "pgd", norm, steps: 4, loss: "log-odds" }],
          epsilons: { linf: [0.1, 0.3], l2: [1.5] },
          ...more,
        },
        { plugins: [...builtinPlugins, bright] },
      );
      t.equal(status, "passed");
      const signs = events.filter(
        (event) => event.type === "warning" && /float32 rounds/.test(event.message),
      );
      return { signs: signs.length, metrics };
    };
    for (const [norm, epsilon] of [
      ["linf", 0.3],
      ["l2", 1.5],
    ] as const) {
      const [up, odds] = ["cross-entropy", "log-odds"].map((loss) => `one.step-${loss}@${epsilon}`);
      const honest = await told(10, norm);
      t.equal(honest.signs, 0, "logits some units apart");
      t.equal(honest.metrics["one.saturated"], 0);
      t.equal(honest.metrics[up!], honest.metrics[odds!], "the same direction");

      const saturated = await told(100, norm); // half a unit of brightness is 50 logits
      t.equal(saturated.signs, 1);
      t.equal(saturated.metrics["one.saturated"], 1);
      t.equal(
        saturated.metrics[odds!],
        honest.metrics[odds!],
        "the factor changes nothing but the confidence",
      );
      t.ok(saturated.metrics[up!]! > 0.5, "though the cross-entropy fools few");
    }
    const aimed = await told(100, "linf", { goal: "least-likely" });
    t.equal(aimed.signs, 0, "towards a target the cross-entropy is not rounded");
    t.equal(aimed.metrics["one.saturated"], 1);
    t.equal(aimed.metrics["one.step-cross-entropy@0.3"], aimed.metrics["one.step-log-odds@0.3"]);
  },
);

t.test("what cannot be evaluated is refused before anything is trained", async (t) => {
  const refused = async (change: object, message: RegExp): Promise<void> => {
    const { events, status, error } = await runScenario({ ...small, ...change });
    t.equal(status, "failed");
    t.match(error, message);
    t.notOk(
      events.some((event) => event.type === "stage"),
      "nothing was begun",
    );
  };
  await refused({ epsilons: { linf: [0.1] } }, /attack "deepfool-l2" needs budgets: give epsilons: \{ l2/);
  await refused(
    { epsilons: { linf: [0.1, 1.5], l2: [1] } },
    /epsilon 1.5 \(linf\) must be at least 0 and at most 1/,
  );
  await refused({ goal: 7, attacks: ["fgsm"] }, /goal: class 7 is none of the 3 classes/);
  await refused(
    { classifiers: { plain: { ...trained, bounds: [0.2, 0.8] } } },
    /image \d+ has the value .* outside of the bounds/,
  );
  await refused(
    { data: { ...data, labels: labels.map((label) => label + 1) } },
    /its data is \[6,6,1\] in 3 classes/,
  );
  await refused(
    { classes: 2, attacks: ["fgsm"] },
    /its data is \[6,6,1\] in 3 classes, that to be attacked is \[6,6,1\] in 2/,
  );
  await refused({ data: { use: "normal" } }, /has no labelled images/);
  await refused(
    {
      attacks: [{ use: "square", norm: "l2" }],
      epsilons: { l2: [1] },
      data: spots,
      classifiers: { plain: { ...trained, data: spots } },
    },
    /square-l2 attacks images/,
  );
  await t.rejects(runScenario({ ...small, epsilons: { linf: [-0.1], l2: [1] } }), {
    name: "InputError",
    message: /epsilons\.linf\.0/,
  });
  await t.rejects(runScenario({ ...small, attacks: ["pdg"] }), { message: /did you mean "pgd"/ });
});

const spots = { use: "arrays", values: labels.map((label) => [label / 4, 0.5]), labels, range: [0, 1] };
