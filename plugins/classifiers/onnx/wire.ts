/**
 * Reads messages of Protocol Buffers: as much of the wire format as ONNX files have.
 * https://protobuf.dev/programming-guides/encoding/
 *
 * @module
 */

/** A field of a message, as it came. Each method throws where the field is of another kind. */
export interface Field {
  readonly number: number;
  /** A whole number, signed; beyond 2⁵³ the nearest double. */
  int(): number;
  float(): number;
  bytes(): Uint8Array;
  text(): string;
  /** Numbers of a repeated field: one of them, or many in one packet. */
  ints(): number[];
  floats(): number[];
  doubles(): number[];
}

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** The fields of a message, one after the other. @throws Error where the bytes are none */
export function* fieldsOf(message: Uint8Array): Generator<Field> {
  const cursor = cursorOf(message);
  while (cursor.at < message.length) {
    const tag = cursor.varint();
    const [number, wire] = [Math.floor(tag / 8), tag % 8];
    if (number < 1) throw new Error(`field ${number} at byte ${cursor.at}`);
    yield field(number, wire, payload(cursor, wire, number));
  }
}

interface Cursor {
  at: number;
  varint(): number;
  take(length: number): Uint8Array;
}

function cursorOf(bytes: Uint8Array): Cursor {
  return {
    at: 0,
    varint() {
      const start = this.at;
      let value = 0;
      for (let scale = 1; ; scale *= 128) {
        const byte = bytes[this.at++];
        if (byte === undefined) throw new Error("it ends within a number");
        value += (byte & 0x7f) * scale;
        if (byte < 0x80) break;
        if (this.at - start === 10) throw new Error(`a number of more than 10 bytes at byte ${start}`);
      }
      return this.at - start < 8 ? value : exact(bytes.subarray(start, this.at));
    },
    take(length) {
      const end = this.at + length;
      if (!(length >= 0 && end <= bytes.length)) {
        throw new Error(`it ends ${end - bytes.length} bytes early`);
      }
      const taken = bytes.subarray(this.at, end);
      this.at = end;
      return taken;
    },
  };
}

/** A long varint: negative numbers are 64-bit two's complement. */
function exact(bytes: Uint8Array): number {
  const value = bytes.reduceRight((sum, byte) => (sum << 7n) | BigInt(byte & 0x7f), 0n);
  return Number(BigInt.asIntN(64, value));
}

function payload(cursor: Cursor, wire: number, number: number): number | Uint8Array {
  if (wire === VARINT) return cursor.varint();
  if (wire === FIXED64) return cursor.take(8);
  if (wire === FIXED32) return cursor.take(4);
  if (wire === BYTES) return cursor.take(cursor.varint());
  throw new Error(`field ${number} has the unknown wire type ${wire}`);
}

function field(number: number, wire: number, value: number | Uint8Array): Field {
  const wrong = (wanted: string): never => {
    throw new Error(`field ${number} is no ${wanted} (wire type ${wire})`);
  };
  const bytes = (): Uint8Array => (wire === BYTES ? (value as Uint8Array) : wrong("bytes"));
  const fixed = (width: 4 | 8): number[] => {
    const all = value as Uint8Array;
    if (all.length % width !== 0) wrong(`list of numbers of ${width} bytes`);
    const view = new DataView(all.buffer, all.byteOffset, all.byteLength);
    return Array.from({ length: all.length / width }, (_, i) =>
      width === 4 ? view.getFloat32(4 * i, true) : view.getFloat64(8 * i, true),
    );
  };
  return {
    number,
    int: () => (wire === VARINT ? (value as number) : wrong("whole number")),
    float: () => (wire === FIXED32 ? fixed(4)[0]! : wrong("float")),
    bytes,
    text: () => utf8.decode(bytes()),
    ints() {
      if (wire === VARINT) return [value as number];
      const [all, packet] = [[] as number[], bytes()];
      for (const cursor = cursorOf(packet); cursor.at < packet.length; ) all.push(cursor.varint());
      return all;
    },
    floats: () => (wire === FIXED32 || wire === BYTES ? fixed(4) : wrong("float")),
    doubles: () => (wire === FIXED64 || wire === BYTES ? fixed(8) : wrong("double")),
  };
}
