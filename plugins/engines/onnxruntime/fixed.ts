/**
 * Steps that a device repeats by itself. Their programs run between places that never change, so the device takes down once
 * what it does (CUDA's graphs, WebGPU's commands) and the runtime has nothing left to do for each node.
 *
 * Variables have homes (homes.ts). A step writes their new values beside these, since it may still read the old ones, and a
 * second program takes them home.
 *
 * @module
 */
import type { tf } from "../../../core/mod.ts";
import type { OnnxBackend } from "./backend.ts";
import { canReside } from "./device.ts";
import { fixedEnds } from "./ends.ts";
import { type Home, type Homes, homesOf } from "./homes.ts";
import { Elem, encodeModel, type ModelNode } from "./model.ts";
import { JOINED, modelOf } from "./program.ts";
import type { Recording, Source } from "./recording.ts";
import { isLarge } from "./residence.ts";
import type { Device, Fixed, Placed, Port, Runtime } from "./runtime.ts";
import { packedVectors, type Vector, vectorOf } from "./sessions.ts";
import {
  type Data,
  elemOf,
  hostOf,
  isResident,
  type Resident,
  type Stored,
  sizeOf,
  type Value,
} from "./value.ts";

/** A call of a step. */
export interface Call {
  readonly given: Readonly<Record<string, tf.Tensor | number>>;
  /** The numbers of the recording's draws. */
  readonly drawn: readonly Stored[];
}

/** A step on its device. */
export interface FixedStep {
  /** @returns undefined where the device, at the first call, turns out not to repeat it: nothing has been changed then */
  run(call: Call): Record<string, tf.Tensor> | undefined;
  /** Frees what it has there. */
  dispose(): void;
}

/** A source that has a place of its own, and the value that was brought there last. */
interface Slot extends Placed {
  readonly source: Source;
  held: WeakRef<Held> | undefined;
}

/** A variable's new value, and where it is taken. */
interface Move {
  readonly from: Placed;
  readonly home: Home;
}

type Held = Pick<Value, "data" | "device">;

/**
 * Fixes a step on the backend's device.
 * @param isFresh whether an input is another tensor from here at each call
 * @returns undefined where the device cannot repeat it: something is of a type that cannot lie there, or a node is left to
 * the processor
 */
export function fixStep(
  backend: OnnxBackend,
  recording: Recording,
  isFresh: (input: string) => boolean,
): FixedStep | undefined {
  const { device, fix } = backend.runtime;
  if (device === undefined || fix === undefined || !mayRepeat(recording)) return undefined;
  const homes = homesOf(backend, device);
  const entered = new Map<tf.Variable, Home>();
  const places: Resident[] = [];
  const programs: Fixed[] = [];
  const dispose = (): void => {
    for (const program of programs) program.dispose();
    for (const place of places) place.dispose();
    for (const home of entered.values()) homes.leave(home);
  };
  const homeOf = (variable: tf.Variable): Home => {
    const home = entered.get(variable) ?? homes.enter(variable);
    entered.set(variable, home);
    return home;
  };
  const placed = (port: Port): Placed => {
    const place = device.place(port.elem, port.shape);
    places.push(place);
    return { ...port, place };
  };
  try {
    const made = plan();
    let proven = false;
    return {
      run(call) {
        const ready = begin(backend, device, homes, made, call);
        try {
          made.step.run();
        } catch (error) {
          if (proven || device.broken() !== undefined) throw error;
          return undefined;
        }
        proven = true;
        return end(backend, device, homes, made, ready);
      },
      dispose,
    };
  } catch (error) {
    dispose();
    if (device.broken() !== undefined) throw error;
    return undefined;
  }

  function plan(): Plan {
    const { program, sources, assigned } = recording;
    const ends = fixedEnds(recording, isFresh);
    const { packed, joined } = ends;
    const named = modelOf(program, ends, backend.runtime.dialect.outputs);
    const slots: Slot[] = [];
    const inputs = program.inputs.flatMap(({ value: { elem }, shape }, i): Placed[] => {
      if (packed[i]) return [];
      const source = sources[i]!;
      const port = { name: named.inputs[i]!, elem, shape };
      if (source.from === "variable") return [{ ...port, place: homeOf(source.variable).place }];
      if (source.from === "table") return [{ ...port, place: source.value.device! }];
      const end = placed(port);
      if (source.from === "constant") device!.write(source.data, elem, end.place);
      else slots.push({ ...end, source, held: undefined });
      return [end];
    });
    const outputs = program.outputs.map(({ elem, shape }, i) =>
      joined[i] ? undefined : placed({ name: named.outputs[i]!, elem, shape }),
    );
    const tensors = program.inputs.map(({ value: { elem }, shape }) => ({ elem, shape }));
    const told = packedVectors(tensors, packed).map(({ name, vector }) => ({
      vector,
      at: placed({ ...vector, name }),
    }));
    const returned = vectorOf(program.outputs, joined, Elem.float32);
    const returnedAt = returned && placed({ ...returned, name: JOINED });
    const ins = [...inputs, ...told.map(({ at }) => at)];
    const moves = assigned.flatMap(({ variable, result }): Move[] =>
      "output" in result ? [{ from: outputs[result.output]!, home: homeOf(variable) }] : [],
    );
    const add = (...given: Parameters<NonNullable<Runtime["fix"]>>): Fixed => {
      const program = fix!(...given);
      programs.push(program);
      return program;
    };
    return {
      recording,
      slots,
      outputs,
      told,
      returned: returned && { vector: returned, at: returnedAt! },
      moves,
      homes: [...entered.values()],
      step: add(encodeModel(named.model), ins, present([...outputs, returnedAt])),
      goHome: moves.length > 0 ? goingHome(device!, moves, add(...movingModel(moves))) : undefined,
    };
  }
}

/** A vector of numbers, and its place. */
interface Numbers {
  readonly vector: Vector;
  readonly at: Placed;
}

interface Plan {
  readonly recording: Recording;
  readonly slots: readonly Slot[];
  /** Where each output is, unless it is among the numbers returned. */
  readonly outputs: readonly (Placed | undefined)[];
  /** What goes in as vectors. */
  readonly told: readonly Numbers[];
  readonly returned: Numbers | undefined;
  readonly moves: readonly Move[];
  /** Those of all variables that are read or assigned. */
  readonly homes: readonly Home[];
  readonly step: Fixed;
  /** Takes new values home. */
  readonly goHome: (() => void) | undefined;
}

/** Whether all that goes in and comes out can lie on a device, and what is assigned can be moved there. */
function mayRepeat({ program, assigned }: Recording): boolean {
  const ends = [
    ...program.inputs.map(({ value, shape }) => ({ elem: value.elem, shape })),
    ...program.outputs,
  ];
  return (
    program.nodes.length > 0 &&
    ends.every(({ elem, shape }) => canReside(elem) && sizeOf(shape) > 0) &&
    assigned.every(
      ({ result }) => !("output" in result) || program.outputs[result.output]!.elem === Elem.float32,
    )
  );
}

/** A program that takes new values home. */
function movingModel(moves: readonly Move[]): [Uint8Array, Placed[], Placed[]] {
  const inputs = moves.map(({ from }, i) => ({ ...from, name: `new ${i}` }));
  const outputs = moves.map(({ from, home }, i) => ({ ...from, name: `home ${i}`, place: home.place }));
  // not Identity: WebGPU copies for it, and copies are not among the commands that it takes down
  const nodes = moves.map(
    (_, i): ModelNode => ({
      name: `move ${i}`,
      op: "LeakyRelu",
      domain: "",
      attributes: { alpha: { float: 1 } },
      inputs: [`new ${i}`],
      outputs: [`home ${i}`],
    }),
  );
  return [encodeModel({ inputs, outputs, initializers: [], nodes }), inputs, outputs];
}

/** Takes new values home by a program; one by one, where the device turns out at the first run not to repeat that. */
function goingHome(device: Device, moves: readonly Move[], program: Fixed): () => void {
  let how: "untried" | "whole" | "one by one" = "untried";
  return () => {
    try {
      if (how !== "one by one") {
        program.run();
        how = "whole";
        return;
      }
    } catch (error) {
      if (how === "whole" || device.broken() !== undefined) throw error;
      how = "one by one"; // what it has written is written again
    }
    for (const { from, home } of moves) device.copy(from.place, home.place);
  };
}

/** What sources hold that a step passes on as it is. */
type Passed = ReadonlyMap<Source, Data>;

/** Brings everything to its place. @returns what is read before anything is assigned */
function begin(
  backend: OnnxBackend,
  device: Device,
  homes: Homes,
  { recording, slots, told, homes: all }: Plan,
  call: Call,
): Passed {
  const heldBy = (source: Source): Held => {
    if (source.from === "constant") return held(source.data);
    if (source.from === "variable") return backend.view(source.variable).value;
    if (source.from === "draw") return held(call.drawn[source.index]!);
    if (source.from === "table") return source.value;
    const x = call.given[source.name]!;
    return typeof x === "number" ? held(Float32Array.of(x)) : backend.fed(x);
  };
  for (const home of all) homes.settle(home);
  for (const { vector, at } of told) {
    vector.each((part, i) => part.set(hostOf(heldBy(recording.sources[i]!)) as Float32Array));
    device.write(vector.data, vector.elem, at.place);
  }
  for (const slot of slots) {
    const now = heldBy(slot.source);
    if (slot.held?.deref() === now) continue;
    if (now.device === undefined) device.write(now.data!, slot.elem, slot.place);
    else device.copy(now.device, slot.place);
    slot.held = new WeakRef(now);
  }
  const passed = new Map<Source, Data>();
  for (const { result } of [...recording.returned, ...recording.assigned])
    if ("source" in result) passed.set(result.source, hostOf(heldBy(result.source))!.slice());
  return passed;
}

/** Takes home what the step has made. @returns its results */
function end(
  backend: OnnxBackend,
  device: Device,
  homes: Homes,
  { recording, outputs, returned, moves, goHome }: Plan,
  passed: Passed,
): Record<string, tf.Tensor> {
  const numbers = new Map<number, Float32Array>();
  if (returned !== undefined) {
    returned.vector.data.set(returned.at.place.read() as Float32Array);
    returned.vector.each((part, i) => numbers.set(i, part.slice() as Float32Array));
  }
  const results: Record<string, tf.Tensor> = {};
  for (const { name, result, shape, dtype } of recording.returned) {
    const stored =
      "source" in result
        ? passed.get(result.source)!.slice()
        : (numbers.get(result.output)?.slice() ?? taken(device, outputs[result.output]!));
    results[name] = backend.finished(backend.holding(stored, elemOf(dtype), shape));
  }
  for (const { home } of moves) homes.clear(home);
  goHome?.();
  for (const { home } of moves) homes.assign(home);
  for (const { variable, result } of recording.assigned)
    if ("source" in result) backend.assign(variable, passed.get(result.source)!.slice());
  return results;
}

const held = (stored: Stored): Held =>
  isResident(stored) ? { data: undefined, device: stored } : { data: stored, device: undefined };

/** What lies at a place, for somebody else: there if it is large. */
function taken(device: Device, { place, elem, shape }: Placed): Stored {
  if (!isLarge(shape)) return place.read();
  const copy = device.place(elem, shape);
  device.copy(place, copy);
  return copy;
}

function present<X>(list: readonly (X | undefined)[]): X[] {
  return list.filter((x) => x !== undefined);
}
