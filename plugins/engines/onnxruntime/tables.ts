/**
 * Tables of rows that a device keeps, so that a batch goes there as the numbers of its rows.
 *
 * @module
 */
import { type RowTable, rowNumbers } from "../../../core/mod.ts";
import { Elem, encodeModel } from "./model.ts";
import type { Recorder } from "./recorder.ts";
import { isLarge } from "./residence.ts";
import type { Device, Runtime } from "./runtime.ts";
import { newValue, type Resident, type Rows, sizeOf, type Value, type View } from "./value.ts";

/** The tables on a device. */
export interface Tables {
  /** Rows of a table, of no node yet; undefined where they are better brought there. @param rows each there */
  rowsOf(table: RowTable, rows: Int32Array): Value | undefined;
  /** Frees all of them. */
  dispose(): void;
}

interface Kept {
  readonly scale: number;
  readonly shift: number;
  /** Undefined where the device does not take it. */
  readonly value: Value | undefined;
}

/** Tables are never mistaken for each other, on whatever device. */
let count = 0;

/**
 * No table yet. One is brought there when rows of it are first asked for, and freed when nobody has its values any more.
 * @param most bytes of all of them: a table beyond that is not kept
 * @param release frees a table that nobody will ask for any more, once what is pending has run: that may read it
 */
export function newTables(
  runtime: Pick<Runtime, "compile">,
  device: Device,
  most: number,
  release: (table: Value) => void,
): Tables {
  const byValues = new WeakMap<object, Kept[]>();
  const all = new Set<Value>();
  let bytes = 0;
  const registry = new FinalizationRegistry((table: Value) => {
    if (!all.delete(table)) return;
    bytes -= table.device!.bytes;
    release(table);
  });

  const kept = (table: RowTable): Value | undefined => {
    const { values, shape, scale, shift } = table;
    const same = byValues.get(values) ?? [];
    const known = same.find((other) => other.scale === scale && other.shift === shift);
    if (known !== undefined) return known.value;
    if (bytes + 4 * values.length > most) return undefined;
    const width = sizeOf(shape);
    const port = [values.length / width, width] as const;
    const there = brought(runtime, device, table, port);
    const value = there && newValue(Elem.float32, port, { device: there, holders: 1, table: count++ });
    byValues.set(values, [...same, { scale, shift, value }]);
    if (value === undefined) return undefined;
    bytes += there!.bytes;
    all.add(value);
    registry.register(values, value);
    return value;
  };

  return {
    rowsOf(table, rows) {
      const shape = [rows.length, ...table.shape];
      if (!isLarge(shape)) return undefined;
      const there = kept(table);
      if (there?.device === undefined) return undefined;
      const indices = newValue(Elem.int32, [rows.length], { data: rows });
      const here = (): Float32Array => rowNumbers(table, rows);
      return newValue(Elem.float32, shape, { rows: { table: there, indices, here } });
    },
    dispose() {
      for (const table of all) {
        table.device!.dispose();
        table.device = undefined;
      }
      all.clear();
      bytes = 0;
    },
  };
}

/** Brings a table there; undefined where the device does not take it, as it may without a word where one is too large. */
function brought(
  runtime: Pick<Runtime, "compile">,
  device: Device,
  table: RowTable,
  shape: readonly [size: number, width: number],
): Resident | undefined {
  const numbers = rowNumbers(table);
  let there: Resident | undefined;
  try {
    there = device.upload(numbers, Elem.float32, shape);
    if (isThere(runtime, numbers, there, shape)) return there;
  } catch (error) {
    if (device.broken() !== undefined) throw error;
  }
  there?.dispose();
  return undefined;
}

/** Whether rows from the beginning, the middle and the end of a table are what they should be. */
function isThere(
  { compile }: Pick<Runtime, "compile">,
  numbers: Float32Array,
  data: Resident,
  shape: readonly [size: number, width: number],
): boolean {
  const [size, width] = shape;
  const rows = Int32Array.of(0, size >> 1, size - 1);
  const table = { name: "table", elem: Elem.float32, shape };
  const chosen = { name: "rows", elem: Elem.int32, shape: [rows.length] };
  const found = {
    name: "found",
    elem: Elem.float32,
    shape: [rows.length, width],
    data: new Float32Array(3 * width),
  };
  const ends = { inputs: ["table", "rows"], outputs: ["found"] };
  const node = { name: "rows", op: "Gather", domain: "", attributes: { axis: 0 }, ...ends };
  const model = { inputs: [table, chosen], outputs: [found], initializers: [], nodes: [node] };
  const session = compile(encodeModel(model), { threads: 1 });
  try {
    session.run({ table: { ...table, data }, rows: { ...chosen, data: rows } }, { found });
  } finally {
    session.dispose();
  }
  return found.data.every((x, i) =>
    Object.is(x, numbers[rows[Math.floor(i / width)]! * width + (i % width)]),
  );
}

/** Rows as a node takes them from their table. */
export function gathered(g: Recorder, { table, indices }: Rows, shape: readonly number[]): View {
  const { kernel } = g;
  g.kernel = "rows of a data set";
  const flat = [indices.shape[0]!, table.shape[1]!];
  const ends = [table, indices].map((value) => ({ value, shape: value.shape }));
  const out = g.op("Gather", ends, Elem.float32, flat, { attributes: { axis: 0 } });
  g.kernel = kernel;
  return g.reshape(out, shape);
}
