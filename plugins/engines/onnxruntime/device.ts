/**
 * A device's memory: values brought there, left there by runs, and brought back.
 *
 * The binding has no copies to a device or from it. A program of one `Identity` is one, if its input or its output is to
 * lie there.
 *
 * @module
 */
import { messageOf, RunError } from "../../../core/mod.ts";
import type { AdapterName } from "./adapter.ts";
import type { Tensor } from "./binding.ts";
import { Elem, encodeModel } from "./model.ts";
import type { Buffer, Device, DeviceCounts, Feed, Session, SessionSettings } from "./runtime.ts";
import { allocate, isResident, type Resident, sizeOf } from "./value.ts";

/** A device as native.ts works with it. */
export interface NativeDevice extends Device {
  /** Takes over a tensor that a run left there. */
  keep(tensor: Tensor): Resident;
  /** Runs, counting what is fed and fetched, and tells where the device was lost. */
  watched<R>(
    feeds: Readonly<Record<string, Feed>>,
    fetches: Readonly<Record<string, Buffer>>,
    run: () => R,
  ): R;
}

/** Types of elements that can lie on a device: shaders have no others. */
export function canReside(elem: Elem): boolean {
  return elem === Elem.float32 || elem === Elem.int32;
}

/** What a runtime says once its device is gone, or out of memory. */
const LOST =
  /device (was |is )?lost|lost device|DeviceLost|VK_ERROR|DXGI_ERROR|MapAsync|map_status|out of memory/i;

/** Why a device can compute no more, if that is what a message means. */
export function lossOf(message: string, name: string): RunError | undefined {
  if (!LOST.test(message)) return undefined;
  const [why] = message.trim().split("\n");
  return new RunError(
    `the GPU was lost (${name}: ${why}). This process cannot use it again; go on from the newest checkpoint: dsgan resume`,
  );
}

/**
 * The memory of the device on which sessions run.
 * @param compile makes sessions that run there
 */
export function newDevice(
  compile: (model: Uint8Array, settings: SessionSettings) => Session,
  { name, software }: AdapterName,
): NativeDevice {
  const counts = {
    residents: 0,
    residentBytes: 0,
    uploads: 0,
    uploadedBytes: 0,
    downloads: 0,
    downloadedBytes: 0,
  };
  let failure: RunError | undefined;
  const copiers = new Map<string, Session>();
  const copier = (elem: Elem, direction: "there" | "back"): Session => {
    const known = copiers.get(`${elem} ${direction}`);
    if (known !== undefined) return known;
    const port = { elem, shape: ["n"] };
    const model = encodeModel({
      inputs: [{ name: "x", ...port }],
      outputs: [{ name: "y", ...port }],
      initializers: [],
      nodes: [{ name: "copy", op: "Identity", domain: "", attributes: {}, inputs: ["x"], outputs: ["y"] }],
    });
    const made = compile(model, { threads: 1, kept: direction === "there" ? ["y"] : [] });
    copiers.set(`${elem} ${direction}`, made);
    return made;
  };

  return {
    name,
    software,
    counts: counts as DeviceCounts,
    broken: () => failure,

    upload(data, elem, shape) {
      const flat = [sizeOf(shape)];
      return copier(elem, "there").run({ x: { elem, shape: flat, data } }, {}).y!;
    },

    keep(tensor) {
      const elem = tensor.type === "int32" ? Elem.int32 : Elem.float32;
      const size = sizeOf(tensor.dims);
      const bytes = 4 * size;
      counts.residents++;
      counts.residentBytes += bytes;
      let there = true;
      const resident: Resident = {
        bytes,
        handle: tensor,
        read() {
          const data = allocate(elem, size);
          const flat = { elem, shape: [size] };
          copier(elem, "back").run({ x: { ...flat, data: resident } }, { y: { ...flat, data } });
          return data;
        },
        dispose() {
          if (!there) return;
          there = false;
          counts.residents--;
          counts.residentBytes -= bytes;
          tensor.dispose!();
        },
      };
      return resident;
    },

    watched(feeds, fetches, run) {
      if (failure !== undefined) throw failure;
      for (const name in feeds) {
        const { data } = feeds[name]!;
        if (isResident(data)) continue;
        counts.uploads++;
        counts.uploadedBytes += data.byteLength;
      }
      for (const name in fetches) {
        counts.downloads++;
        counts.downloadedBytes += fetches[name]!.data.byteLength;
      }
      try {
        return run();
      } catch (error) {
        failure = lossOf(messageOf(error), name);
        throw failure ?? error;
      }
    },
  };
}
