/**
 * `npm run gpu:check -- [--seconds 480] [--small] [--out gpu-report.md]`: what works on this machine's GPU, and how fast,
 * beside the processor and, where Python has it, PyTorch on CUDA. The report is written anew after each stage.
 *
 * @module
 */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Entrant, engineEntrant, start } from "../participant.ts";
import { type Findings, reportOf, type Timing } from "./report.ts";

const { values: given } = parseArgs({
  options: {
    seconds: { type: "string", default: "480" },
    small: { type: "boolean", default: false },
    out: { type: "string", default: "gpu-report.md" },
    only: { type: "string", default: "engines,cases,peers,scenarios,ops" },
  },
});

/** Cases that are timed; those of attacks are many steps each. */
const CASES = given.small ? ["toy-wgan-gp"] : ["mnist-ssl", "cifar-classifier", "toy-wgan-gp", "cifar-gan"];
const ENGINES = [
  "onnxruntime-webgpu",
  "onnxruntime",
  "webgpu",
  ...(process.env.DSGAN_ORT_CUDA ? ["onnxruntime-cuda"] : []),
];
const FORMS = ["eager", "graph", "tf32", "compiled"];
/** Seconds for which each case is timed, once it is warm. */
const TIMED = given.small ? 1 : 6;
const GPU = "engine={ use: onnxruntime, provider: webgpu }";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const script = (path: string): string => join(root, path);
const began = performance.now();
const left = (): number => Number(given.seconds) * 1000 - (performance.now() - began);

const found = {
  machine: {} as Record<string, string>,
  engines: "",
  timings: [] as Timing[],
  scenarios: {} as Record<string, string>,
  ops: undefined as Findings["ops"],
  left: [] as string[],
};
const write = (): void => {
  const { ops, ...rest } = found;
  writeFileSync(given.out, reportOf({ ...rest, ...(ops && { ops }) }));
};

/** What a command says, as far as it comes in what is left of the time. */
function said(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    const options = { cwd: root, timeout: Math.max(1000, Math.round(left())), maxBuffer: 2 ** 26 };
    execFile(command, args, options, (error, stdout, stderr) =>
      resolve(
        stdout.trim() === "" && error !== null ? `failed: ${stderr.trim().split("\n").at(-1)}` : stdout,
      ),
    );
  });
}

/** Does a stage if there is time for it, and writes down what it found. */
async function stage(name: string, seconds: number, body: () => Promise<void>): Promise<void> {
  if (left() < 1000 * seconds) found.left.push(`${name}: no time was left`);
  else {
    console.log(`[${Math.round((performance.now() - began) / 1000)} s] ${name}`);
    await body();
  }
  write();
}

async function timed(name: string, entrant: Entrant): Promise<Timing> {
  const about = { case: name, engine: entrant.name };
  try {
    const limit = AbortSignal.timeout(Math.max(1000, Math.round(left())));
    const overdue = new Promise<never>((_, reject) => {
      limit.addEventListener("abort", () => reject(new Error("no time was left")));
    });
    const participant = await Promise.race([start(entrant), overdue]);
    const ms: number[] = [];
    const end = performance.now() + 1000 * TIMED;
    while (performance.now() < end && left() > 0) ms.push(await Promise.race([participant.run(1), overdue]));
    participant.stop();
    return { ...about, ms };
  } catch (error) {
    return { ...about, ms: [], failure: (error as Error).message };
  }
}

const wanted = new Set(given.only.split(","));

found.machine = {
  processors: `${availableParallelism()} of ${cpus()[0]?.model ?? "an unknown kind"}`,
  system: `${process.platform}-${process.arch}, ${"Deno" in globalThis ? "Deno" : "Node"} ${process.version}`,
  NVIDIA: (await said("nvidia-smi", ["-L"])).trim().split("\n")[0]!,
  "PyTorch on CUDA": "not here",
};
const python = process.env.DSGAN_PYTHON ?? "python3";
const card = await said(python, [
  "-c",
  "import torch; print(torch.__version__, torch.cuda.get_device_name(0))",
]);
const hasTorch = !card.startsWith("failed") && card.trim() !== "";
if (hasTorch) found.machine["PyTorch on CUDA"] = card.trim();

if (wanted.has("engines")) {
  await stage("engines", 5, async () => {
    found.engines = await said(process.execPath, [script("server/cli/main.ts"), "list", "engines"]);
  });
}
if (wanted.has("cases")) {
  for (const engine of ENGINES) {
    for (const name of CASES) {
      await stage(`${name} on ${engine}`, 20, async () => {
        const entrant = engineEntrant(name, engine, ...(given.small ? ["small"] : []));
        found.timings.push(await timed(name, entrant));
      });
    }
  }
}
if (wanted.has("peers") && hasTorch && !given.small) {
  for (const form of FORMS) {
    for (const name of CASES) {
      const command = [python, script("test/bench/peers/pytorch_cuda.py"), name, form];
      await stage(`${name} in PyTorch, ${form}`, 20, async () => {
        found.timings.push(await timed(name, { kind: "peer", name: `PyTorch ${form}`, command }));
      });
    }
  }
}
if (wanted.has("scenarios")) {
  const runs = mkdtempSync(join(tmpdir(), "dsgan-gpu-"));
  for (const name of ["line", "mnist"]) {
    await stage(`smoke/${name}`, 20, async () => {
      const less = given.small ? ["--set", "application.steps=20", "--set", "expect={}"] : [];
      const args = ["run", `smoke/${name}`, "--quiet", "--runs", runs, "--set", GPU, ...less];
      const text = await said(process.execPath, [script("server/cli/main.ts"), ...args]);
      found.scenarios[`smoke/${name}`] = text.trim().split("\n").at(-1)!;
    });
  }
  rmSync(runs, { recursive: true, force: true });
}
if (wanted.has("ops")) {
  await stage("op tests", 20, async () => {
    const bundle = script("test/conformance/tfjs/ops.cjs");
    const engine = JSON.stringify({ use: "onnxruntime", provider: "webgpu" });
    const args = [engine, given.small ? "^(relu|conv2d) " : "", ...(existsSync(bundle) ? [bundle] : [])];
    const text = await said(process.execPath, [script("test/conformance/tfjs/run.ts"), ...args]);
    const lines = text.split("\n").filter((line) => line.startsWith("{"));
    const all = lines.map((line) => JSON.parse(line) as { failed: string; passed?: number });
    const totals = all.find(({ passed }) => passed !== undefined);
    if (totals === undefined) found.left.push(`op tests: ${text.trim().split("\n").at(-1)}`);
    else found.ops = { passed: totals.passed!, failed: all.flatMap((x) => (x === totals ? [] : [x.failed])) };
  });
}
console.log(`written to ${given.out}`);
process.exit();
