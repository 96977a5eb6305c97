/**
 * The engine `onnxruntime`: tfjs programs recorded into ONNX graphs and run by ONNX Runtime.
 *
 * @module
 */
import { availableParallelism } from "node:os";
import { component, type Engine, Engines, messageOf, tf, z } from "../../../core/mod.ts";
import { BACKEND, OnnxBackend } from "./backend.ts";
import { onnxWriter } from "./export.ts";
import { registerKernels } from "./kernels/mod.ts";
import { loadNative, type Provider } from "./native.ts";
import type { Runtime } from "./runtime.ts";
import type { Threads } from "./sessions.ts";

/** Options of {@link onnxruntime}. */
export interface OnnxruntimeOptions {
  /** Threads within one operator; `auto` takes one for small programs and all for large ones. */
  readonly threads: Threads;
  /** What executes the graphs; the others need hardware and libraries of their own. */
  readonly provider: Provider;
  /** `native` is onnxruntime-node, `web` WebAssembly; `auto` takes the first that loads. */
  readonly library: "auto" | "native" | "web";
  /** Compiled programs that are kept. */
  readonly sessions: number;
}

/** Nodes in all the programs that are kept. */
const MAX_NODES = 100_000;

let registered = false;

/** tfjs on ONNX Runtime. */
export function onnxruntime(options: Partial<OnnxruntimeOptions> = {}): Engine {
  const { threads = "auto", provider = "cpu", library = "auto", sessions = 256 } = options;
  return {
    name: "onnxruntime",
    merit: 15,
    async start() {
      const { runtime, because } = await load(library, provider, threads);
      if (!registered) registerKernels();
      registered = true;
      if (tf.findBackendFactory(BACKEND) !== null) tf.removeBackend(BACKEND);
      tf.registerBackend(
        BACKEND,
        () => new OnnxBackend(runtime, threads, { programs: sessions, nodes: MAX_NODES }),
      );
      await tf.setBackend(BACKEND);
      await tf.ready();
      return {
        name: "onnxruntime",
        version: runtime.version,
        device: `${runtime.device}, ${threadsInWords(runtime, threads)} (${runtime.name})`,
        reason: `asked for by name${because}`,
      };
    },
    onnx: onnxWriter,
  };
}

function threadsInWords({ name, maxThreads }: Runtime, threads: Threads): string {
  const most = threads === "auto" ? maxThreads : Math.min(threads, maxThreads);
  if (most === 1) return "one thread";
  const bySize = threads === "auto" && name === "onnxruntime-node";
  return bySize ? `one thread for small programs, ${most} for large ones` : `${most} threads`;
}

/** The library asked for, or the first that loads. */
async function load(
  library: OnnxruntimeOptions["library"],
  provider: Provider,
  threads: Threads,
): Promise<{ runtime: Runtime; because: string }> {
  let because = "";
  if (library === "web" && provider !== "cpu") {
    throw new Error(
      `provider "${provider}" needs the native library: leave out library: web, or the provider`,
    );
  }
  if (library !== "web") {
    try {
      return { runtime: loadNative(provider), because };
    } catch (error) {
      if (library === "native" || provider !== "cpu") throw error;
      because = `; onnxruntime-node does not load (${messageOf(error).split("\n")[0]})`;
    }
  }
  const { loadWeb } = await import("./web.ts");
  const available = availableParallelism();
  return { runtime: await loadWeb(threads === "auto" ? available : Math.min(threads, available)), because };
}

/** How a scenario names it: `engine: onnxruntime`, or `{ use: onnxruntime, threads: 4 }`. */
const onnxruntimeComponent = component(Engines, {
  name: "onnxruntime",
  summary: "tfjs programs recorded into ONNX graphs: native speed from npm alone",
  reference: "https://onnxruntime.ai",
  options: () =>
    z.strictObject({
      threads: z
        .union([z.literal("auto"), z.int().positive()])
        .default("auto")
        .describe("Threads within one operator; auto takes one for small programs and all for large ones."),
      provider: z
        .enum(["cpu", "cuda", "coreml", "dml"])
        .default("cpu")
        .describe("What executes the graphs; all but cpu need hardware and libraries of their own."),
      library: z
        .enum(["auto", "native", "web"])
        .default("auto")
        .describe("onnxruntime-node, onnxruntime-web, or the first of them that loads."),
      sessions: z.int().positive().default(256).describe("Compiled programs that are kept."),
    }),
  create: onnxruntime,
});

export default onnxruntimeComponent;
