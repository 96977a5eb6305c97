/**
 * The engine `onnxruntime`: tfjs programs recorded into ONNX graphs and run by ONNX Runtime.
 *
 * @module
 */
import { component, type Engine, Engines, messageOf, parseOptions, tf, z } from "../../../core/mod.ts";
import { BACKEND, OnnxBackend } from "./backend.ts";
import { onnxWriter } from "./export.ts";
import { registerKernels } from "./kernels/mod.ts";
import { loadNative, PROVIDERS } from "./native.ts";
import { processors } from "./processors.ts";
import { prospectOfGpu } from "./prospect.ts";
import { replayingStep } from "./replay.ts";
import type { Device, Runtime } from "./runtime.ts";
import type { Threads } from "./sessions.ts";

const options = z
  .strictObject({
    threads: z
      .union([z.literal("auto"), z.int().positive()])
      .default("auto")
      .describe("Threads within one operator; auto takes one for small programs and all for large ones."),
    provider: z
      .enum(PROVIDERS)
      .default("cpu")
      .describe(
        "What executes the graphs. All but cpu need hardware and libraries of their own, and say so where those do not load.",
      ),
    library: z
      .enum(["auto", "native", "web"])
      .default("auto")
      .describe(
        "native is onnxruntime-node, web is onnxruntime-web (WebAssembly with SIMD and threads), auto the first that loads.",
      ),
    noise: z
      .enum(["device", "host"])
      .default("device")
      .describe(
        "On webgpu and cuda, where draws of 16 384 numbers and more are made: by the GPU, whose numbers are not the processor's, or here.",
      ),
    keepData: z
      .int()
      .min(0)
      .default(1024)
      .describe(
        "On webgpu and cuda, MiB of data sets that the GPU keeps, so that a batch goes there as row numbers; a set beyond it goes row by row.",
      ),
    subnormals: z
      .enum(["keep", "flush"])
      .default("keep")
      .describe(
        "flush has the processor take numbers below 1.2e-38 for 0, in the whole process: long fine-tunings that push probabilities there are about twice as fast. Signs of such gradients, which FGSM goes by, are lost.",
      ),
    sessions: z
      .int()
      .positive()
      .default(256)
      .describe("Compiled programs that are kept, the least recently used forgotten first."),
  })
  .refine(({ library, provider }) => library !== "web" || provider === "cpu", {
    error: "this provider needs the native library: leave out library: web, or the provider",
    path: ["provider"],
  })
  .refine(
    ({ library, provider, subnormals }) => subnormals === "keep" || (library !== "web" && provider === "cpu"),
    {
      error:
        "the native library alone flushes, on the processor: leave out library and provider, or subnormals: flush",
      path: ["subnormals"],
    },
  );

/** Options of {@link onnxruntime}. */
export type OnnxruntimeOptions = z.input<typeof options>;

type Chosen = z.output<typeof options>;

/** Nodes in all the programs that are kept. */
const MAX_NODES = 100_000;

/** On a GPU above tfjs's own kernels there, where it is worth that; never taken by `auto` on a software adapter. */
const MERIT = { gpu: 18, processor: 15, none: -1 };

let registered = false;

/**
 * tfjs on ONNX Runtime. Its `start` throws an Error where the library or the provider asked for does not load.
 * @throws InputError where an option is out of its range
 * @example
 * ```ts
 * import { tf } from "dsgan";
 * import { onnxruntime } from "dsgan/engines";
 *
 * await onnxruntime({ threads: 1 }).start();
 * console.log(await tf.matMul(tf.ones([2, 3]), tf.ones([3, 2])).data()); // [3, 3, 3, 3]
 * ```
 */
export function onnxruntime(given: OnnxruntimeOptions = {}): Engine {
  const chosen = parseOptions("onnxruntime", options, given);
  const { threads, sessions, provider, noise, keepData } = chosen;
  let device: Device | undefined;
  return {
    name: "onnxruntime",
    merit: provider === "webgpu" ? MERIT.gpu : MERIT.processor,
    ...(provider === "webgpu" && { look: async () => prospectOfGpu(MERIT) }),
    async start() {
      const { runtime, because } = await load(chosen);
      ({ device } = runtime);
      if (!registered) registerKernels();
      registered = true;
      if (tf.findBackendFactory(BACKEND) !== null) tf.removeBackend(BACKEND);
      tf.registerBackend(
        BACKEND,
        () =>
          new OnnxBackend(runtime, {
            threads,
            limits: { programs: sessions, nodes: MAX_NODES },
            compiler: replayingStep,
            noise,
            tables: keepData * 2 ** 20,
          }),
      );
      await tf.setBackend(BACKEND);
      await tf.ready();
      return {
        name: "onnxruntime",
        version: runtime.version,
        device: `${runtime.place}, ${noiseInWords(runtime, noise)}${threadsInWords(runtime, threads)} (${runtime.name})`,
        reason: `asked for by name${because}`,
      };
    },
    ...(provider === "webgpu" && { broken: async () => device?.broken() }),
    onnx: onnxWriter,
  };
}

/** Whether draws differ from the processor's. */
function noiseInWords({ device }: Runtime, noise: Chosen["noise"]): string {
  return device !== undefined && noise === "device"
    ? "large draws made there (not the processor's numbers), "
    : "";
}

function threadsInWords({ name, maxThreads }: Runtime, threads: Threads): string {
  const most = threads === "auto" ? maxThreads : Math.min(threads, maxThreads);
  if (most === 1) return "one thread";
  const bySize = threads === "auto" && name === "onnxruntime-node";
  return bySize ? `one thread for small programs, ${most} for large ones` : `${most} threads`;
}

/** The library asked for, or the first that loads. */
async function load({
  library,
  provider,
  threads,
  subnormals,
}: Chosen): Promise<{ runtime: Runtime; because: string }> {
  let because = "";
  if (library !== "web") {
    try {
      return { runtime: loadNative(provider, subnormals === "flush"), because };
    } catch (error) {
      if (library === "native" || provider !== "cpu" || subnormals === "flush") throw error;
      because = `; onnxruntime-node does not load (${messageOf(error).split("\n")[0]})`;
    }
  }
  const { loadWeb } = await import("./web.ts");
  const available = processors();
  return { runtime: await loadWeb(threads === "auto" ? available : Math.min(threads, available)), because };
}

/** A scenario names it `engine: onnxruntime`, or `{ use: onnxruntime, threads: 4 }`. */
export default component(Engines, {
  name: "onnxruntime",
  summary: "tfjs programs recorded into ONNX graphs: native speed from npm alone",
  reference: "https://onnxruntime.ai",
  options,
  create: onnxruntime,
});
