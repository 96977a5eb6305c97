/**
 * ONNX Runtime on a GPU: on WebGPU, which onnxruntime-node's library has in it, and on CUDA, which the user adds.
 *
 * @module
 */
import { type AdapterName, adapterOf, nvidiaOf } from "./adapter.ts";
import { installed } from "./binding.ts";
import {
  type Binding,
  type DirectLibrary,
  type DirectProvider,
  type DirectSession,
  openLibrary,
  type Tensor,
} from "./capi.ts";
import { type NativeDevice, newDevice } from "./device.ts";
import {
  type Buffer,
  type Feed,
  type Fixed,
  PLAIN,
  type Placed,
  type Runtime,
  type Session,
  type SessionSettings,
} from "./runtime.ts";
import { isResident, type Resident } from "./value.ts";

/** WebGPU lets a shader have eight buffers of its own: seven outputs, and the input that they are parts of. */
const SHADER_OUTPUTS = 7;

/** What each provider is told. */
const OPTIONS: Readonly<Record<DirectProvider, Readonly<Record<string, string>>>> = {
  // with channels last, its own choice, a convolution and three gradients of depthwise ones came out wrong
  webgpu: { preferredLayout: "NCHW" },
  // the fastest algorithm of a moment's timing would give other numbers in the next process
  cuda: { device_id: "0", use_tf32: "0", cudnn_conv_algo_search: "HEURISTIC" },
  cpu: {},
};

/** What each of them is told where the device is to repeat what it did by itself. */
const CAPTURES: Readonly<Record<DirectProvider, Readonly<Record<string, string>>>> = {
  webgpu: { enableGraphCapture: "1" },
  cuda: { enable_cuda_graph: "1" },
  cpu: {},
};

/** Which device each of them has found, once there is a session. */
const ADAPTERS: Readonly<Record<DirectProvider, () => AdapterName>> = {
  webgpu: adapterOf,
  cuda: nvidiaOf,
  cpu: () => ({ name: "the processor", software: true }),
};

/** No node may be left to the processor. */
const STRICT = { "session.disable_cpu_ep_fallback": "1" };

/** Libraries by path: a process opens one once. */
const libraries = new Map<string, DirectLibrary>();

/**
 * Loads the library.
 * @param provider the processor too, as a device like any other: for tests of what all share
 * @throws Error where it does not load, or finds no device
 */
export function loadGpu(provider: DirectProvider): Runtime {
  const { version, library: path } = installed(provider === "cuda");
  const library = libraries.get(path) ?? openLibrary(path);
  libraries.set(path, library);
  const make = (
    model: Uint8Array,
    { more = {}, strict = false }: { more?: Readonly<Record<string, string>>; strict?: boolean } = {},
  ): DirectSession =>
    library.session(model, {
      provider,
      options: { ...OPTIONS[provider], ...more },
      config: strict && provider !== "cpu" ? STRICT : {},
    });
  // the first session finds the device, or says what is amiss
  const device = newDevice({ library, provider, compile: (model) => make(model) }, ADAPTERS[provider]);
  const { name, software } = device;
  const shaders = provider === "webgpu";
  return {
    name: "onnxruntime-node",
    version,
    maxThreads: 1,
    place: `${provider} on ${name}${software ? " (software)" : ""}, CPU where it lacks an operator`,
    dialect: { ...PLAIN, ...(shaders && { outputs: SHADER_OUTPUTS, shaders }) },
    device,
    compile(model, { onProcessor = [], ...settings }) {
      const more = shaders && onProcessor.length > 0 ? { forceCpuNodeNames: onProcessor.join("\n") } : {};
      return sessionOf(library, device, make(model, { more, strict: settings.strict ?? false }), settings);
    },
    fix: (model, inputs, outputs) =>
      fixedOf(device, make(model, { more: CAPTURES[provider], strict: true }), inputs, outputs),
  };
}

function sessionOf(
  library: DirectLibrary,
  device: NativeDevice,
  session: DirectSession,
  { kept = [] }: SessionSettings,
): Session {
  const run = (
    feeds: Readonly<Record<string, Feed>>,
    fetches: Readonly<Record<string, Buffer>>,
  ): Record<string, Resident> => {
    const borrowed: Tensor[] = [];
    const tensorOf = ({ elem, shape, data }: Feed): Tensor => {
      if (isResident(data)) return device.tensor(data, shape);
      const tensor = library.here(data, elem, shape);
      borrowed.push(tensor);
      return tensor;
    };
    const made = Object.fromEntries(kept.map(({ name, elem, shape }) => [name, device.place(elem, shape)]));
    try {
      const inputs = mapped(feeds, tensorOf);
      const outputs = {
        ...mapped(fetches, tensorOf),
        ...Object.fromEntries(kept.map(({ name, shape }) => [name, device.tensor(made[name]!, shape)])),
      };
      const binding = session.bind(inputs, outputs);
      try {
        binding.run();
      } finally {
        binding.dispose();
      }
      return made;
    } catch (error) {
      for (const name in made) made[name]!.dispose();
      throw error;
    } finally {
      for (const tensor of borrowed) tensor.dispose();
    }
  };
  return {
    run: (feeds, fetches) =>
      device.watched({ there: Object.values(feeds), back: Object.values(fetches) }, () =>
        run(feeds, fetches),
      ),
    dispose: () => session.dispose(),
  };
}

function fixedOf(
  device: NativeDevice,
  session: DirectSession,
  inputs: readonly Placed[],
  outputs: readonly Placed[],
): Fixed {
  const tensors = (of: readonly Placed[]): Record<string, Tensor> =>
    Object.fromEntries(of.map(({ name, place, shape }) => [name, device.tensor(place, shape)]));
  const bind = (): Binding => {
    try {
      return session.bind(tensors(inputs), tensors(outputs));
    } catch (error) {
      session.dispose();
      throw error;
    }
  };
  const binding = bind();
  return {
    run: () => device.watched({}, () => binding.run()),
    dispose() {
      binding.dispose();
      session.dispose();
    },
  };
}

function mapped<X, Y>(of: Readonly<Record<string, X>>, f: (x: X) => Y): Record<string, Y> {
  return Object.fromEntries(Object.entries(of).map(([name, x]) => [name, f(x)]));
}
