/**
 * Places on a device that variables keep from step to step, so that a device can repeat by itself what it did.
 *
 * @module
 */
import type { tf } from "../../../core/mod.ts";
import type { OnnxBackend } from "./backend.ts";
import type { Device } from "./runtime.ts";
import { hostOf, type Resident, type Value } from "./value.ts";

/** A variable's place. */
export interface Home {
  readonly variable: tf.Variable;
  /** The place as values have it: a value that leaves does not free it. */
  readonly place: Resident;
}

interface Kept extends Home {
  /** The memory itself. */
  readonly memory: Resident;
  /** Steps that count on it. */
  users: number;
  /** What lies there. */
  value: Value | undefined;
}

/** The homes of a backend's variables. */
export interface Homes {
  /** A variable's home, for one more step. */
  enter(variable: tf.Variable): Home;
  /** Brings what a variable holds to its home, if it is elsewhere. */
  settle(home: Home): void;
  /** Gives a variable what has been written at its home. Call {@link clear} before writing. */
  assign(home: Home): void;
  /** Sees to it that nobody else needs what lies at a home. */
  clear(home: Home): void;
  /** Takes back one {@link enter}: without a step that counts on it, a home is no more than where its value lies. */
  leave(home: Home): void;
}

const known = new WeakMap<OnnxBackend, Homes>();

/** Those of a backend on a device. */
export function homesOf(backend: OnnxBackend, device: Device): Homes {
  const homes = known.get(backend) ?? newHomes(backend, device);
  known.set(backend, homes);
  return homes;
}

function newHomes(backend: OnnxBackend, device: Device): Homes {
  const homes = new Map<tf.Variable, Kept>();
  const keptOf = ({ variable }: Home): Kept => homes.get(variable)!;
  /** What lies there goes here, if a tensor still has it that is not the variable. */
  const evict = (home: Kept, keeps: (value: Value) => boolean): void => {
    const { value, place } = home;
    home.value = undefined;
    if (value?.device !== place) return;
    if (keeps(value)) hostOf(value);
    value.device = undefined;
  };
  return {
    enter(variable) {
      let home = homes.get(variable);
      if (home === undefined) {
        const { value } = backend.view(variable);
        const memory = device.place(value.elem, value.shape);
        home = { variable, memory, place: { ...memory, dispose() {} }, users: 0, value: undefined };
        homes.set(variable, home);
      }
      home.users++;
      return home;
    },
    settle(home) {
      const kept = keptOf(home);
      const { value } = backend.view(home.variable);
      if (value.device === home.place) return;
      evict(kept, ({ holders }) => holders > 0);
      if (value.device === undefined) device.write(value.data!, value.elem, home.place);
      else {
        device.copy(value.device, home.place);
        value.device.dispose();
      }
      value.device = home.place;
      kept.value = value;
    },
    clear(home) {
      evict(keptOf(home), () => backend.isShared(home.variable));
    },
    assign(home) {
      backend.assign(home.variable, home.place);
      keptOf(home).value = backend.view(home.variable).value;
    },
    leave(home) {
      const kept = keptOf(home);
      if (--kept.users > 0) return;
      homes.delete(home.variable);
      const { value, place, memory } = kept;
      if (value?.device === place && value.holders > 0) value.device = memory;
      else memory.dispose();
    },
  };
}
