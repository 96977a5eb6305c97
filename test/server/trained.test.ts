/** What was trained, used: `dsgan export` and `dsgan sample` through the front door. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { decode } from "fast-png";
import { dump, parse } from "npyjs";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { lastValueFrom } from "rxjs";
import t, { type Test } from "tap";
import {
  decodeTensors,
  Key,
  loadScenario,
  newestCheckpoint,
  openTrained,
  reopenScenario,
  run,
  tf,
} from "../../core/mod.ts";
import { builtinPlugins } from "../../plugins/mod.ts";
import { folderStore } from "../../plugins/stores/folder/folder.ts";
import type { Host } from "../../server/cli/host.ts";
import { program } from "../../server/cli/program.ts";

const host = async (): Promise<Host> => ({ plugins: builtinPlugins, report: async () => "" });
const root = fileURLToPath(new URL("../..", import.meta.url));
const runs = t.testdir({ out: {} });
const out = (name: string): string => join(runs, "out", name);

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the command, in the folder of the runs' folder, without what tap makes every child load. */
function dsgan(
  args: readonly string[],
  watch?: (out: string, interrupt: () => void) => void,
): Promise<Ended> {
  const { NODE_OPTIONS, CI, GITHUB_ACTIONS, ...env } = process.env;
  const child = spawn(process.execPath, [join(root, "server/cli/main.ts"), ...args], { cwd: runs, env });
  let written = "";
  let err = "";
  child.stdout.on("data", (data) => {
    written += data;
    watch?.(written, () => void child.kill("SIGINT"));
  });
  child.stderr.on("data", (data) => {
    err += data;
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, out: written, err }));
  });
}

/** The command in this process, for cases that stop before they start an engine. */
async function here(t: Test, args: readonly string[]): Promise<Omit<Ended, "out">> {
  const said = t.capture(process.stderr, "write");
  process.chdir(runs);
  const code = await program(args, host);
  process.chdir(root);
  said.restore();
  const err = said.args().map(([text]) => String(text));
  return { code, err: err.join("") };
}

t.jobs = 2;

const store = folderStore({ folder: runs });

/** Runs a scenario in this process. @returns its id */
async function trained(name: string, rest: object, application: object): Promise<string> {
  const scenario = {
    name,
    engine: "onnxruntime",
    ...rest,
    application: { use: "generate", m: 8, k: 1, steps: 6, samples: 10, previews: 0, ...application },
  };
  const base = pathToFileURL(`${runs}/`);
  const loaded = await loadScenario(JSON.stringify(scenario), { base, file: name, plugins: builtinPlugins });
  await lastValueFrom(run(loaded, { store }));
  const id = (await store.list()).find((other) => other.startsWith(name))!;
  const result = await (await store.open(id)).result();
  if (result?.status !== "passed") throw new Error(JSON.stringify(result));
  return id;
}

/** What a network of a run gives where the engine has no part in it. */
async function apply(id: string, name: string, x: Float32Array, n: number): Promise<Float32Array> {
  await tf.setBackend("cpu");
  const reader = await store.open(id);
  const loaded = await reopenScenario(reader, builtinPlugins);
  const { network } = await (await openTrained(reader, loaded)).open(name);
  const y = tf.tidy(() => network.apply(tf.tensor(x, [n, ...network.inputShape]), { training: false }));
  const values = (await y.data()) as Float32Array;
  y.dispose();
  network.dispose();
  return values;
}

function distance(a: Float32Array, b: Float32Array): number {
  const scale = b.reduce((most, v) => Math.max(most, Math.abs(v)), 1e-3);
  return a.length === b.length ? a.reduce((most, v, i) => Math.max(most, Math.abs(v - b[i]!)), 0) / scale : 1;
}

async function ran(path: string, x: Float32Array, dims: number[]): Promise<Float32Array> {
  const session = await InferenceSession.create(path, { logSeverityLevel: 4 });
  const { y } = await session.run({ x: new Tensor("float32", x, dims) });
  await session.release();
  return y!.data as Float32Array;
}

const pixels = Key.from("pixels").uniformArray(12 * 8 * 8 * 3, -1, 1);
writeFileSync(join(runs, "images.npy"), new Uint8Array(dump(pixels, [12, 8, 8, 3])));
const labels = Array.from({ length: 12 }, (_, i) => i % 2);
const critic = { use: "mlp", hidden: [6, 5], spectralNorm: true, activation: "leaky-relu" };

const images = await trained(
  "images",
  {},
  {
    target: {
      use: "label-difference",
      data: { use: "arrays", values: "./images.npy", labels, range: [-1, 1] },
      pd: [0],
      pdBar: [0, 1],
    },
    generator: { use: "image-generator", channels: 16 },
    latent: { size: 5, distribution: "uniform" },
    critic,
  },
);
const line = await trained(
  "line",
  {},
  {
    target: {
      use: "label-difference",
      data: { use: "arrays", values: labels, labels },
      pd: [0],
      pdBar: [0, 1],
    },
    generator: { use: "mlp", hidden: [4] },
    critic,
  },
);
const plane = await trained(
  "plane",
  {},
  {
    target: { use: "convolution", data: "ring", noise: { normal: 0.3 } },
    generator: { use: "mlp", hidden: [7] },
    latent: { size: 3 },
    critic,
  },
);

t.test("dsgan export writes every network as ONNX and safetensors, in the run's folder", async (t) => {
  const { code, out, err } = await dsgan(["export", "latest", "--runs", "."]);
  t.equal(code, 0, err);
  t.equal(err, "");
  t.match(out.split("\n"), [
    /^generator {2}x \[n,3\] to y \[n,2\], within \S+ of the network: wrote plane-.*\/export\/generator\.onnx \(.* B\)$/,
    /^generator {2}4 tensors: wrote plane-.*\/export\/generator\.safetensors/,
    /^critic {2}x \[n,2\] to y \[n,1\], within /,
    /^critic {2}12 tensors: wrote /,
    "",
  ]);
  const files = readdirSync(join(runs, plane, "export")).sort();
  t.same(files, ["critic.onnx", "critic.safetensors", "generator.onnx", "generator.safetensors"]);
  for (const [name, width] of [
    ["generator", 3],
    ["critic", 2],
  ] as const) {
    const x = Key.from(name).normalArray(9 * width);
    const values = await ran(join(runs, plane, "export", `${name}.onnx`), x, [9, width]);
    t.ok(
      distance(values, await apply(plane, name, x, 9)) < 1e-5,
      `${name}.onnx gives what the network gives`,
    );
  }
});

t.test(
  "dsgan export writes the paper's layers of images; safetensors hold what the checkpoint holds",
  async (t) => {
    const args = ["export", join(runs, images), "--network", "generator", "--out", "models/of images"];
    const { code, out, err } = await dsgan(args);
    t.equal(code, 0, err);
    t.match(out, /^generator {2}x \[n,5\] to y \[n,8,8,3\], within /);
    const x = Key.from("z").uniformArray(20 * 5);
    const values = await ran(join(runs, "models/of images/generator.onnx"), x, [20, 5]);
    t.ok(distance(values, await apply(images, "generator", x, 20)) < 1e-4);

    const path = join(runs, "models/of images/generator.safetensors");
    const { tensors, metadata } = decodeTensors(readFileSync(path), path);
    const { checkpoint } = await newestCheckpoint(await store.open(images));
    const kept = [...checkpoint!.snapshot.tensors].filter(([name]) => name.startsWith("generator/"));
    t.ok(kept.length > 10);
    t.strictSame(new Map([...tensors].map(([name, tensor]) => [`generator/${name}`, tensor])), new Map(kept));
    t.match(metadata, { run: images, network: "generator", checkpoint: checkpoint!.path, dsgan: /^\d/ });
    t.match(JSON.parse(metadata.plan!), { use: "image-generator", channels: 16 });
    t.strictSame(JSON.parse(metadata.ports!), {
      input: [5],
      output: [8, 8, 3],
      prior: "uniform",
      range: [-1, 1],
    });
    const [parameters, state] = [JSON.parse(metadata.parameters!), JSON.parse(metadata.state!)];
    t.same([...parameters, ...state].sort(), [...tensors.keys()].sort());
    t.ok(state.includes("1/mean"));
  },
);

const python = process.env.DSGAN_PYTHON ?? "python3";
const skip =
  spawnSync(python, ["-c", "import numpy, safetensors"]).status !== 0 &&
  `${python} -c 'import numpy, safetensors' fails: pip install both, or name another interpreter in DSGAN_PYTHON`;

t.test("Python reads the safetensors, and computes the network from them", { skip }, async (t) => {
  const { code, err } = await dsgan([
    "export",
    plane,
    "--runs",
    ".",
    "--format",
    "safetensors",
    "--out",
    "py",
  ]);
  t.equal(code, 0, err);
  t.same(readdirSync(join(runs, "py")).sort(), ["critic.safetensors", "generator.safetensors"]);
  const x = Key.from("python").normalArray(4 * 3);
  writeFileSync(join(runs, "py/x.npy"), new Uint8Array(dump(x, [4, 3])));
  const script =
    "import json, sys, numpy as np\n" +
    "from safetensors import safe_open\n" +
    "with safe_open(sys.argv[1] + '/generator.safetensors', 'np') as f:\n" +
    "  w = {k: f.get_tensor(k) for k in f.keys()}\n" +
    "  assert json.loads(f.metadata()['plan'])['activation'] == 'relu'\n" +
    "x = np.load(sys.argv[1] + '/x.npy')\n" +
    "h = np.maximum(x @ w['0/weight'] + w['0/bias'], 0)\n" +
    "print(json.dumps((h @ w['1/weight'] + w['1/bias']).ravel().tolist()))\n";
  const { status, stdout, stderr } = spawnSync(python, ["-c", script, join(runs, "py")]);
  t.equal(status, 0, `${stderr}`);
  const y = Float32Array.from(JSON.parse(`${stdout}`));
  t.ok(distance(y, await apply(plane, "generator", x, 4)) < 1e-5);
});

t.test("dsgan sample draws the same samples from the same seed, a smaller --n giving a prefix", async (t) => {
  const sample = async (...args: string[]): Promise<{ data: Float32Array; shape: number[] }> => {
    const { code, err, out } = await dsgan(["sample", plane, "--runs", ".", ...args, "--out", "out/x.npy"]);
    t.equal(code, 0, err);
    t.match(
      out,
      /^\d+ samples? of generator, \[\d+,2\], seed -?\d+, from plane-.*\.json: wrote out\/x\.npy \(/,
    );
    const bytes = readFileSync(join(runs, "out/x.npy"));
    return parse(new Uint8Array(bytes).buffer) as never;
  };
  const [seven, many, eight, cpu] = [
    await sample("--n", "64", "--seed", "7"),
    await sample("--n", "300", "--seed", "7"),
    await sample("--seed", "8"),
    await sample("--n", "1", "--seed", "7", "--engine", "cpu"),
  ];
  t.same(seven.shape, [64, 2]);
  t.same(many.shape, [300, 2]);
  t.same(eight.shape, [64, 2], "64 unless given");
  t.strictSame([...seven.data], [...many.data.subarray(0, 128)]);
  t.not(eight.data[0], seven.data[0]);
  t.ok(distance(cpu.data, seven.data.subarray(0, 2)) < 1e-5);
  const different = new Set(many.data);
  t.ok(different.size > 590, `blocks differ: ${different.size} of 600 values`);
});

t.test("dsgan sample draws pictures that suit the samples", async (t) => {
  const args = ["sample", images, "--runs", ".", "--n", "6", "--seed", "3", "--out"];
  const ended = await Promise.all([dsgan([...args, "out/sheet.png"]), dsgan([...args, "out/sheet.npy"])]);
  for (const { code, err } of ended) t.equal(code, 0, err);
  const { width, height, channels, data } = decode(readFileSync(out("sheet.png")));
  const [side, gap] = [96, 2];
  t.same([width, height, channels], [3 * 98 + 2, 2 * 98 + 2, 3], "three by two images of 96 by 96 pixels");
  const values = parse(new Uint8Array(readFileSync(out("sheet.npy"))).buffer).data as Float32Array;
  const [image, y, x, c] = [4, 5, 2, 1]; // the middle of the lower row
  const top = 98 + gap + (y * side) / 8;
  const left = 98 + gap + (x * side) / 8;
  const value = values[((image * 8 + y) * 8 + x) * 3 + c]!;
  t.equal(data[(top * width + left) * 3 + c], Math.round((255 * (value + 1)) / 2));
  for (const id of [plane, line]) {
    const { code, err } = await dsgan(["sample", id, "--runs", ".", "--n", "500", "--out", "out/chart.PNG"]);
    t.equal(code, 0, err);
    t.ok(decode(readFileSync(out("chart.PNG"))).width > 300);
  }
});

t.test("dsgan export and sample say what is wrong with what they are given", async (t) => {
  writeFileSync(out("file"), "");
  const plain = await trained(
    "plain",
    { plugins: [`${root}/test/fixtures/toy.ts`], engine: "cpu" },
    {},
  ).catch(() => undefined);
  t.equal(plain, undefined);
  const cases: [args: string[], message: string | RegExp][] = [
    [["export", "plane-20200101-000000-0000"], /^dsgan: no run "plane-20200101-000000-0000" in /],
    [["export", "latest", "--runs", "nowhere"], "dsgan: there are no runs in nowhere\n"],
    [
      ["export", plane, "--network", "classifier"],
      `dsgan: run ${plane} has no network "classifier"; it has: generator, critic\n`,
    ],
    [
      ["export", plane, "--format", "onnx,torch"],
      'dsgan: --format: unknown format "torch". Known: onnx, safetensors\n',
    ],
    [
      ["sample", plane, "--out", "x.jpg"],
      'dsgan: --out x.jpg: unknown ending ".jpg"; expected .npy, .png or .csv\n',
    ],
    [["sample", plane, "--out", "x"], "dsgan: --out x: no ending; expected .npy, .png or .csv\n"],
    [
      ["sample", plane, "--out", "out/file/x.npy"],
      "dsgan: cannot write out/file/x.npy: not a directory. Choose another place with --out\n",
    ],
    [
      ["sample", plane, "--out", "x.npy", "--network", "critic"],
      `dsgan: run ${plane}: network "critic" takes data, and no draws from a prior: it is no generator. Its generators: generator\n`,
    ],
    [
      ["sample", plane, "--out", "x.npy", "--engine", "cup"],
      /^dsgan: unknown engine "cup"; did you mean "cpu"\?/,
    ],
    [
      ["sample", images, "--out", "x.png", "--n", "2501"],
      "dsgan: --out x.png: a picture shows at most 2500 samples, got --n 2501; an .npy file takes any number\n",
    ],
    [
      ["sample", plane, "--out", "x.npy", "--n", "0"],
      /argument '0' is invalid. Expected a whole number from 1/,
    ],
    [["sample", plane], /required option '--out <file>' not specified/],
  ];
  for (const [args, message] of cases) {
    const { code, err } = await here(t, args.includes("--runs") ? args : [...args, "--runs", "."]);
    t.equal(code, 2, args.join(" "));
    if (typeof message === "string") t.equal(err, message);
    else t.match(err, message);
  }
  t.match(await dsgan(["export", plane, "--runs", ".", "--out", "out/file/x"]), {
    code: 2,
    out: "",
    err: "dsgan: cannot write out/file/x/generator.onnx: not a directory. Choose another place with --out\n",
  });
  t.same(
    readdirSync(runs).filter((name) => name.includes(".tmp") || name.startsWith("x.")),
    [],
    "nothing is left behind",
  );
});

t.test("dsgan export and sample have nothing of a run without a checkpoint", async (t) => {
  const { code } = await dsgan(["run", join(root, "test/fixtures/toy.yaml"), "--runs", "toys", "--quiet"]);
  t.equal(code, 0);
  for (const args of [["export"], ["sample", "--out", "x.npy"]]) {
    const { code, err } = await here(t, [...args, "latest", "--runs", "toys"]);
    t.equal(code, 2);
    t.match(err, /^dsgan: run toy-\S+ has no checkpoint yet, and so no trained network\n$/);
  }
});

t.test("dsgan export refuses a file that gives something else, and keeps none", async (t) => {
  const id = await trained(
    "careless",
    { plugins: [join(root, "test/fixtures/careless.ts")], engine: "careless" },
    {
      target: { use: "convolution", data: "ring", noise: { normal: 0.3 } },
      critic,
      generator: { use: "mlp", hidden: [4] },
    },
  );
  const { code, out, err } = await dsgan(["export", id, "--runs", "."]);
  t.equal(code, 3);
  t.equal(out, "");
  t.match(
    err,
    /^dsgan: careless-\S+\/export\/generator\.onnx, on a batch of 1, gives 0\.125 where the network itself /,
  );
  t.same(readdirSync(join(runs, id, "export")), []);
});

t.test("dsgan export and sample work on a run that goes on, and on one that was interrupted", async (t) => {
  mkdirSync(join(runs, "going"));
  const scenario = {
    name: "going",
    engine: "cpu",
    checkpoint: { steps: 1, keep: 1 },
    application: {
      use: "generate",
      target: { use: "convolution", data: "ring", noise: { normal: 0.3 } },
      generator: { use: "mlp", hidden: [4] },
      critic: { use: "mlp", hidden: [4] },
      steps: 1_000_000,
    },
  };
  writeFileSync(join(runs, "going.json"), JSON.stringify(scenario));
  const use = async (): Promise<Ended[]> =>
    await Promise.all([
      dsgan(["export", "latest", "--runs", "going"]),
      dsgan(["sample", "latest", "--runs", "going", "--out", "out/going.npy"]),
    ]);
  let during: Promise<Ended[]> | undefined;
  const { code } = await dsgan(["run", "going.json", "--runs", "going", "--json"], (written, interrupt) => {
    if (during !== undefined || !written.includes('"checkpoint"')) return;
    during = use();
    during.finally(interrupt);
  });
  t.equal(code, 130);
  for (const ended of [await during!, await use()].flat()) t.equal(ended.code, 0, ended.err);
  const [id] = readdirSync(join(runs, "going"));
  t.ok(existsSync(join(runs, "going", id!, "export/critic.onnx")));
  t.ok(existsSync(out("going.npy")));
});

t.test("dsgan sample stops at Ctrl-C, and leaves nothing half written", async (t) => {
  const folder = join(runs, "interrupted");
  mkdirSync(folder);
  const args = ["sample", plane, "--runs", ".", "--n", "1000000000", "--out", "interrupted/x.npy"];
  const { NODE_OPTIONS, ...env } = process.env;
  const child = spawn(process.execPath, [join(root, "server/cli/main.ts"), ...args], { cwd: runs, env });
  const watch = setInterval(() => {
    if (readdirSync(folder).length > 0) child.kill("SIGINT");
  }, 50);
  const code = await new Promise((resolve) => child.on("close", resolve));
  clearInterval(watch);
  t.equal(code, 130);
  t.same(readdirSync(folder), []);
});
