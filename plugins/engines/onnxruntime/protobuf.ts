/**
 * As much of Protocol Buffers' wire format as ONNX models need.
 * https://protobuf.dev/programming-guides/encoding/
 *
 * @module
 */

/** Writes the fields of one message. */
export interface Writer {
  /** A varint: a whole number, negative ones as 64-bit two's complement. */
  int(field: number, value: number | bigint): void;
  /** A 32-bit float. */
  float(field: number, value: number): void;
  string(field: number, value: string): void;
  bytes(field: number, value: Uint8Array): void;
  /** A message within the message. */
  message(field: number, write: (inner: Writer) => void): void;
}

const utf8 = new TextEncoder();

/** The bytes of one message. */
export function encode(write: (writer: Writer) => void): Uint8Array {
  let bytes = new Uint8Array(256);
  let at = 0;
  const reserve = (n: number): void => {
    if (at + n <= bytes.length) return;
    const larger = new Uint8Array(Math.max(bytes.length * 2, at + n));
    larger.set(bytes.subarray(0, at));
    bytes = larger;
  };
  const varint = (value: number | bigint): void => {
    reserve(10);
    let rest = BigInt.asUintN(64, BigInt(value));
    while (rest >= 0x80n) {
      bytes[at++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    bytes[at++] = Number(rest);
  };
  const writer: Writer = {
    int(field, value) {
      varint(field * 8);
      varint(value);
    },
    float(field, value) {
      varint(field * 8 + 5);
      reserve(4);
      new DataView(bytes.buffer).setFloat32(at, value, true);
      at += 4;
    },
    string: (field, value) => writer.bytes(field, utf8.encode(value)),
    bytes(field, value) {
      varint(field * 8 + 2);
      varint(value.length);
      reserve(value.length);
      bytes.set(value, at);
      at += value.length;
    },
    message: (field, inner) => writer.bytes(field, encode(inner)),
  };
  write(writer);
  return bytes.subarray(0, at);
}
