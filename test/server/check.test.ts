/** Scenarios from outside: what they may name, and that no check of them holds up whoever asks. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import t from "tap";
import { localJobs } from "../../plugins/jobs/mod.ts";
import { memoryStore } from "../../plugins/stores/memory/memory.ts";
import { createApp } from "../../server/http/mod.ts";
import { trainerQueue } from "../../server/http/node.ts";
import { newChecker } from "../../server/trainer/check.ts";

t.setTimeout(600_000); // minutes on a busy machine

const root = fileURLToPath(new URL("../..", import.meta.url));
process.execArgv = []; // what tap makes every child load
delete process.env.NODE_OPTIONS;

const checker = newChecker();
t.teardown(() => checker.close());

/** Checks a scenario as one that was posted. @returns how it was taken */
async function taken(
  scenario: object | string,
  { allow = [] as readonly string[], set = {} as Readonly<Record<string, unknown>> } = {},
): Promise<string> {
  const text = typeof scenario === "string" ? scenario : JSON.stringify(scenario);
  const overrides = Object.entries(set).map(([path, value]) => ({ path, value: JSON.stringify(value) }));
  const base = pathToFileURL(join(root, "test/fixtures/")).href;
  const order = { text, file: "scenario", base, name: "demo", overrides, allow };
  return await checker
    .check({ runs: "runs", scenario: order })
    .catch((error) => `${error.name}: ${error.message}`);
}

/** A scenario with a dataset to cover. */
const covering = (pdBar: unknown) => ({
  application: { use: "generate", target: { use: "dataset-difference", alpha: 0.5, pd: "uniform", pdBar } },
});

t.test("places are what the schema says, whatever they look like", async (t) => {
  t.equal(await taken(covering({ use: "uniform", high: 2 })), "demo");
  for (const place of [
    "privatedata",
    "x",
    "a b",
    "/etc/passwd",
    "../secret.npy",
    "http://169.254.169.254/x",
    ".",
    "C:x",
  ]) {
    t.match(await taken(covering({ use: "arrays", values: place })), /^NotAllowed: .*from outside/, place);
    t.match(await taken(covering({ use: "arrays", values: { file: place, array: "x" } })), /^NotAllowed/);
    t.match(await taken(covering({ use: "idx", folder: place })), /^NotAllowed/);
    t.match(
      await taken(covering("uniform"), {
        set: { "application.target.pd": { use: "arrays", values: place } },
      }),
      /^NotAllowed/,
    );
  }
  for (const source of ["weights", "tfjs-model", "onnx"]) {
    const option = source === "tfjs-model" ? "model" : "file";
    const application = {
      use: "evaluate-robustness",
      data: "mnist",
      classifiers: { one: { use: source, [option]: "x" } },
    };
    t.match(await taken({ application }), /^NotAllowed/, source);
  }
  t.match(
    await taken(covering({ use: "idx", folder: "f", imagesFile: "../x" }), { allow: ["f"] }),
    /expected a name/,
  );
  t.match(
    await taken(covering("uniform"), { set: { description: "see https://example.org/a" } }),
    "demo",
    "words are no places",
  );
});

t.test("what the operator allows may be named: exactly, or below a prefix", async (t) => {
  const allow = ["./toy.ts", "./data/", "table.npy"];
  const values = (place: string) => taken(covering({ use: "arrays", values: place }), { allow });
  t.equal(await values("table.npy"), "demo");
  t.equal(await values("./data/x.npy"), "demo");
  for (const place of ["./data/../x.npy", "./data/%2e%2e/x.npy", "data/x.npy", "table.npy2", "./data"]) {
    t.match(await values(place), /^NotAllowed/, place);
  }
  t.equal(await taken({ plugins: ["./toy.ts"], application: "toy" }, { allow }), "demo");
  for (const plugin of [
    "./evil.ts",
    "/tmp/evil.js",
    "https://evil.example/x.js",
    "data:text/javascript,1",
    "other",
    "./toy.ts/../evil.ts",
  ]) {
    t.match(await taken({ plugins: [plugin], application: "toy" }, { allow }), /^NotAllowed/, plugin);
    t.match(await taken({ application: "toy" }, { allow, set: { plugins: [plugin] } }), /^NotAllowed/);
  }
});

t.test("a scenario has the size that the operator allows, defaults included", async (t) => {
  const base = pathToFileURL(`${root}/`).href;
  const sized = async (
    application: object,
    most: number,
    set: Readonly<Record<string, unknown>> = {},
    plugins: readonly string[] = [],
  ) => {
    const overrides = Object.entries(set).map(([path, value]) => ({ path, value: JSON.stringify(value) }));
    const scenario = {
      text: JSON.stringify({ plugins, application }),
      file: "scenario",
      base,
      name: "demo",
      overrides,
    };
    return await checker
      .check({ runs: "runs", scenario }, most)
      .catch((error) => `${error.name}: ${error.message}`);
  };
  const { application } = covering("uniform");
  const small = { ...application, m: 10, k: 2, steps: 30, generator: { use: "mlp", hidden: [5, 4] } };
  const plain = {
    ...small,
    critic: { use: "mlp", hidden: [7] },
    latent: { size: 3 },
    samples: 1,
    objective: { use: "wgan-gp", lambda: 1 },
  };
  t.equal(await sized(plain, 30 * 10 * 7 * 5), "demo");
  t.match(
    await sized(plain, 30 * 10 * 7 * 5 - 1),
    /^InputError: .*too large for this server: steps 30 × m 10 × critic.hidden.0 7 × generator.hidden.0 5 is 1.05e\+4/,
  );
  t.match(await sized(plain, 1e9, { "application.m": 1e7 }), "m 10000000 ×");
  t.match(await sized(application, 1000), "too large", "what it does not say is what its plugins say");
  t.equal(await sized(application, 1e12), "demo");
  const ssl = { use: "bad-gan-ssl", data: { use: "moons", seed: 1e9 }, method: "supervised" };
  t.equal(await sized(ssl, 1e12), "demo", "a number that may be negative, as a seed may, counts nothing");

  const stranger = join(t.testdir({ "stranger.ts": STRANGER }), "stranger.ts");
  const strange = async (options: object, most: number) =>
    await sized({ use: "strange", ...options }, most, {}, [stranger]);
  t.equal(await strange({}, 100), "demo");
  for (const [options, factors] of [
    [{ souls: 1e7, turns: 20 }, "souls 10000000 × turns 20 is 2.00e+8"],
    [{ lot: { of: [3, 1e6, 2] }, turns: 20 }, "lot.of.1 1000000 × turns 20 is"],
    [{ deep: { left: { turns: 1e9 } } }, "deep.left.turns 1000000000 is"],
    [{ either: { b: 1e9 } }, "either.b 1000000000 is"],
    [{ text: "1e9" }, "text 1000000000 is"],
    [{ what: [{ ever: 1e9 }] }, "what.0.ever 1000000000 is"],
    [{ half: 1e9 }, "half 1000000000 is"],
  ] as const) {
    t.match(await strange(options, 1e5), factors, "whatever a plugin calls its options");
  }
  const queue = trainerQueue({ runs: "runs", store: memoryStore(), jobs: localJobs(), size: 10 });
  const text = JSON.stringify({ application });
  await t.rejects(
    queue.start({ text, file: "scenario", base, name: "demo", overrides: [], allow: [] }),
    /takes 10 \(dsgan serve/,
  );
  await queue.close();
});

/** A plugin by somebody who has names and schemas of their own. */
const STRANGER = `
import { Applications, definePlugin, z } from ${JSON.stringify(join(root, "core/mod.ts"))};
const leaf = z.strictObject({ turns: z.int().positive().default(1) });
export default definePlugin({
  name: "stranger",
  components: [{
    contract: Applications,
    name: "strange",
    summary: "Counts souls.",
    options: () => z.strictObject({
      souls: z.int().positive().optional(),
      turns: z.number().min(1).default(1),
      lot: z.strictObject({ of: z.array(z.int().min(0)).readonly() }).nullable().optional(),
      deep: z.lazy(() => z.strictObject({ left: leaf.optional() })).prefault({}),
      either: z.union([z.strictObject({ a: z.string() }), z.strictObject({ b: z.int().positive() })]).optional(),
      text: z.coerce.number().positive().optional(),
      what: z.any().optional(),
      half: z.preprocess((given) => given, z.number().positive()).optional(),
    }),
    create: () => ({ name: "strange", async *run() {} }),
  }],
});
`;

/** Documents of the size that a body may have, whose check takes long or much. */
const HOSTILE: Readonly<Record<string, string>> = {
  "many overrides' worth of keys": `application:\n  use: generate\n${lines(12_000, (i) => `  z${i}: 1`)}`,
  "many unknown names": `application: toy\n${lines(25_000, (i) => `k${i}: 1`)}`,
  "many faulty lines": `application: toy\n${lines(40_000, () => "]")}`,
  "a document that grows without end": `a: &a [x,x,x,x,x,x,x,x,x]\n${"bcdefghij"
    .split("")
    .map((n, i) => `${n}: &${n} [${`*${"abcdefghi"[i]},`.repeat(9)}]`)
    .join("\n")}\napplication: toy\n`,
  "deep lists": `application: ${"[".repeat(100_000)}${"]".repeat(100_000)}`,
  "deep mappings": `application: ${"a: ".repeat(50_000)}`,
  "many anchors": lines(12_000, (i) => `k${i}: &a${i} 1`),
  "a long word": `application: ${"x".repeat(250_000)}`,
};

function lines(n: number, line: (i: number) => string): string {
  return Array.from({ length: n }, (_, i) => line(i)).join("\n");
}

t.test("no document that fits a body keeps the server from its other work", async (t) => {
  const jobs = localJobs();
  const store = memoryStore();
  const queue = trainerQueue({ runs: "runs", store, jobs });
  const door = createApp(store, { runner: queue });
  const post = async (type: string, body: string) =>
    await door.request("/api/runs", { method: "POST", headers: { "Content-Type": type }, body });
  // Time of the processor that this process takes, its other threads included: the check has a process of its own.
  const busy = async (act: () => Promise<Response>) => {
    const before = process.cpuUsage();
    const answer = await act();
    const { user, system } = process.cpuUsage(before);
    return { answer, seconds: (user + system) / 1e6 };
  };
  for (const [name, body] of Object.entries(HOSTILE)) {
    t.ok(body.length <= 256 * 1024, `${name}: ${body.length} bytes`);
    const { answer, seconds } = await busy(() => post("application/yaml", body));
    t.equal(answer.status, 422, name);
    t.ok(seconds < 2, `${name}: ${seconds} s`);
    t.ok((await answer.text()).length < 200_000, "nor is its answer long");
  }
  const set = (n: number, path: (i: number) => string) =>
    JSON.stringify({
      scenario: "application: toy\n",
      set: Object.fromEntries(Array.from({ length: n }, (_, i) => [path(i), 1])),
    });
  for (const [name, body, status] of [
    ["many values", set(20_000, (i) => `z${i}`), 400],
    ["a long path", set(1, () => Array.from({ length: 60_000 }, () => "a").join(".")), 400],
    ["as many as may be", set(1000, (i) => `z${i}`), 422],
    ["nested", `{"scenario":{"application":${"[".repeat(60_000)}${"]".repeat(60_000)}}}`, 422],
  ] as const) {
    const { answer, seconds } = await busy(() => post("application/json", body));
    t.equal(answer.status, status, name);
    t.ok(seconds < 2, `${name}: ${seconds} s`);
  }
  t.equal(queue.jobs().length, 0);
  await queue.close();
  await jobs.close();
});

t.test("a check that takes too long is ended, and the next one is made", async (t) => {
  const hasty = newChecker(0.01);
  const text = HOSTILE["many unknown names"]!;
  const base = pathToFileURL(`${root}/`).href;
  await t.rejects(hasty.check({ runs: "runs", scenario: { text, file: "scenario", base } }), {
    name: "InputError",
    message: /to check: make it smaller/,
  });
  hasty.close();
  t.equal(await taken(readFileSync(join(root, "scenarios/smoke/ring.yaml"), "utf8")), "ring");
});
