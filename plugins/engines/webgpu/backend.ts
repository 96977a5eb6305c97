/**
 * tfjs's WebGPU backend on a device, made to fail where it would go on with numbers that mean nothing.
 *
 * What is done on a lost device, or refused by a sound one, gives zeros in WebGPU, or nothing at all; both are told by
 * the device, later. Here each value that is read is held back until it is known that nothing has gone wrong before.
 *
 * @module
 */
import { messageOf, RunError, type tf } from "../../../core/mod.ts";
import type { AdapterInfo, Device } from "./gpu.ts";

/** What is used of @tensorflow/tfjs-backend-webgpu. */
export interface BackendModule {
  readonly WebGPUBackend: new (device: Device, info: AdapterInfo) => tf.KernelBackend;
}

/** A backend and the device that it computes on. */
export interface DeviceBackend extends tf.KernelBackend {
  readonly device: Device;
  /** Why it can compute no more; undefined while it can. */
  readonly broken: () => RunError | undefined;
}

/** @param name of the adapter, for messages */
export function deviceBackend(
  { WebGPUBackend }: BackendModule,
  device: Device,
  info: AdapterInfo,
  name: string,
): DeviceBackend {
  const backend = new WebGPUBackend(device, info);
  let failure: RunError | undefined;
  const waiting = new Set<(reason: RunError) => void>();
  const fail = (message: string): RunError => {
    failure ??= new RunError(`${message}. Go on from the newest checkpoint: dsgan resume`);
    for (const reject of waiting) reject(failure);
    return failure;
  };
  device.lost.then(({ reason, message }) =>
    fail(`the GPU was lost (${name}, ${reason}: ${firstLine(message)})`),
  );
  device.addEventListener("uncapturederror", ({ error }) => {
    fail(`the GPU refused what was asked of it (${name}: ${firstLine(error.message)})`);
  });

  const read = backend.read.bind(backend);
  return Object.assign(backend, {
    device,
    broken: () => failure,
    read: (dataId: object) =>
      new Promise<tf.backend_util.BackendValues>((resolve, reject) => {
        if (failure !== undefined) return reject(failure);
        waiting.add(reject); // not a race with one promise of loss: that would remember every read there ever was
        read(dataId)
          .then(
            (values) => (failure === undefined ? resolve(values) : reject(failure)),
            (error) =>
              reject(
                fail(`a value could not be read from the GPU (${name}: ${firstLine(messageOf(error))})`),
              ),
          )
          .finally(() => waiting.delete(reject));
      }),
    readSync(dataId: object) {
      const { values } = (
        backend as unknown as { tensorMap: tf.DataStorage<{ values?: unknown }> }
      ).tensorMap.get(dataId);
      if (values !== null && values !== undefined) return values as tf.backend_util.BackendValues;
      throw new RunError(
        "WebGPU gives values only later: read them with `await tensor.data()`, not dataSync()",
      );
    },
  });
}

function firstLine(text: string): string {
  return text.trim().split("\n")[0] ?? "";
}
