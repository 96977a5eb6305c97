/**
 * A device's memory: values brought there, left there by runs, and brought back.
 *
 * A program of one `Identity` is a copy: to the device, from it, or within it, as its ends lie.
 *
 * @module
 */
import { messageOf, RunError } from "../../../core/mod.ts";
import type { AdapterName } from "./adapter.ts";
import type { DirectLibrary, DirectProvider, DirectSession, Tensor } from "./capi.ts";
import { Elem, encodeModel } from "./model.ts";
import type { Device, DeviceCounts, Feed } from "./runtime.ts";
import { allocate, isResident, type Resident, sizeOf } from "./value.ts";

/** A device as gpu.ts works with it. */
export interface NativeDevice extends Device {
  /** What lies there as a tensor of a shape of that size. */
  tensor(resident: Resident, shape: readonly number[]): Tensor;
  /** Runs, counting what is fed and fetched, and tells where the device was lost. */
  watched<R>(ends: Moved, run: () => R): R;
}

/** What a run brings there, and what it brings back. */
export interface Moved {
  readonly there?: readonly Feed[];
  readonly back?: readonly Feed[];
}

/** Types of elements that can lie on a device: shaders have no others. */
export function canReside(elem: Elem): boolean {
  return elem === Elem.float32 || elem === Elem.int32;
}

/** What a runtime says once its device is gone, or out of memory. */
const LOST =
  /device (was |is )?lost|lost device|DeviceLost|VK_ERROR|DXGI_ERROR|MapAsync|map_status|out of memory|CUDA failure (2|46|214|70\d|719)\b/i;

/** Why a device can compute no more, if that is what a message means. */
export function lossOf(message: string, name: string): RunError | undefined {
  if (!LOST.test(message)) return undefined;
  const [why] = message.trim().split("\n");
  return new RunError(
    `the GPU was lost (${name}: ${why}). This process cannot use it again; go on from the newest checkpoint: dsgan resume`,
  );
}

/** What a device is made of. */
export interface Parts {
  readonly library: Pick<DirectLibrary, "here" | "there">;
  readonly provider: DirectProvider;
  /** Makes sessions that run there. */
  readonly compile: (model: Uint8Array) => DirectSession;
}

/** What its own kind of resident is known by. */
interface Place {
  readonly elem: Elem;
  readonly flat: Tensor;
  /** The same memory under other shapes, as they are asked for. */
  readonly views: Map<string, Tensor>;
}

/**
 * The memory of the device on which sessions run.
 * @param adapter says which that is, once a session has been made
 * @throws Error where none can be made
 */
export function newDevice({ library, provider, compile }: Parts, adapter: () => AdapterName): NativeDevice {
  const counts = {
    residents: 0,
    residentBytes: 0,
    uploads: 0,
    uploadedBytes: 0,
    downloads: 0,
    downloadedBytes: 0,
  };
  let failure: RunError | undefined;
  const copiers = new Map<Elem, DirectSession>();
  const copier = (elem: Elem): DirectSession => {
    const known = copiers.get(elem);
    if (known !== undefined) return known;
    const port = { elem, shape: ["n"] };
    const made = compile(
      encodeModel({
        inputs: [{ name: "x", ...port }],
        outputs: [{ name: "y", ...port }],
        initializers: [],
        nodes: [{ name: "copy", op: "Identity", domain: "", attributes: {}, inputs: ["x"], outputs: ["y"] }],
      }),
    );
    copiers.set(elem, made);
    return made;
  };
  const flatHere = (data: Feed["data"], elem: Elem): Tensor =>
    library.here(data as never, elem, [(data as Float32Array).length]);
  const copy = (elem: Elem, x: Tensor, y: Tensor, moved: Moved): void =>
    watched(moved, () => {
      const binding = copier(elem).bind({ x }, { y });
      try {
        binding.run();
      } finally {
        binding.dispose();
      }
    });
  copier(Elem.float32);
  const { name, software } = adapter();
  const placeOf = (resident: Resident): Place => resident.handle as Place;

  function watched<R>({ there = [], back = [] }: Moved, run: () => R): R {
    if (failure !== undefined) throw failure;
    for (const { data } of there) {
      if (isResident(data)) continue;
      counts.uploads++;
      counts.uploadedBytes += data.byteLength;
    }
    for (const { data } of back) {
      counts.downloads++;
      counts.downloadedBytes += (data as Float32Array).byteLength;
    }
    try {
      return run();
    } catch (error) {
      failure = lossOf(messageOf(error), name);
      throw failure ?? error;
    }
  }

  function place(elem: Elem, shape: readonly number[]): Resident {
    const size = sizeOf(shape);
    const bytes = 4 * size;
    // the copier of float32 is never disposed, so what it allocates may outlive any other session
    const flat = copier(Elem.float32).allocate(elem, [size]);
    const views = new Map<string, Tensor>();
    counts.residents++;
    counts.residentBytes += bytes;
    let there = true;
    return {
      bytes,
      handle: { elem, flat, views } satisfies Place,
      read() {
        const data = allocate(elem, size);
        const here = flatHere(data, elem);
        copy(elem, flat, here, { back: [{ elem, shape, data }] });
        here.dispose();
        return data;
      },
      dispose() {
        if (!there) return;
        there = false;
        counts.residents--;
        counts.residentBytes -= bytes;
        for (const view of views.values()) view.dispose();
        flat.dispose();
      },
    };
  }

  const device: NativeDevice = {
    name,
    software,
    counts: counts as DeviceCounts,
    broken: () => failure,
    place,
    write(data, elem, to) {
      const here = flatHere(data, elem);
      copy(elem, here, placeOf(to).flat, { there: [{ elem, shape: [data.length], data }] });
      here.dispose();
    },
    copy(from, to) {
      copy(placeOf(from).elem, placeOf(from).flat, placeOf(to).flat, {});
    },
    upload(data, elem, shape) {
      const made = place(elem, shape);
      device.write(data, elem, made);
      return made;
    },
    tensor(resident, shape) {
      const { elem, flat, views } = placeOf(resident);
      const name = shape.join();
      const known = views.get(name) ?? library.there(flat, resident.bytes, provider, elem, shape);
      views.set(name, known);
      return known;
    },
    watched: (moved, run) => watched(moved, run),
  };
  return device;
}
