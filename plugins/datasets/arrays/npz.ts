/**
 * NumPy's `.npz` files: zip archives of `.npy` files, stored or deflated.
 * PKWARE, APPNOTE.TXT, https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 *
 * @module
 */
import { inflateRawSync } from "node:zlib";

/** Signatures of the end of the archive, its 64-bit form, and an entry of its directory. */
const [END, END_64, ENTRY] = [0x06054b50, 0x06064b50, 0x02014b50];

/** The 32 bits that stand where a number needs 64. */
const LARGE = 0xffffffff;

/** Whether bytes are a zip archive. */
export function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && (bytes[2] === 3 || bytes[2] === 5);
}

/** The arrays of an archive by name, without `.npy`; each is unpacked when asked for. @throws Error where it is damaged */
export function openNpz(bytes: Uint8Array): ReadonlyMap<string, () => Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let { at, count } = directoryOf(view);
  const found = new Map<string, () => Uint8Array>();
  for (; count > 0; count--) {
    if (at + 46 > view.byteLength || view.getUint32(at, true) !== ENTRY) throw damaged("an entry is missing");
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((o) => view.getUint16(at + o, true));
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength!));
    const entry = entryOf(view, at, nameLength!, extraLength!);
    if (name.endsWith(".npy")) found.set(name.slice(0, -4), () => unpacked(bytes, name, entry));
    at += 46 + nameLength! + extraLength! + commentLength!;
  }
  return found;
}

function damaged(what: string): Error {
  return new Error(`expected a sound .npz file, found damage: ${what}`);
}

/** Where the directory begins and how many entries it has. */
function directoryOf(view: DataView): { at: number; count: number } {
  for (let end = view.byteLength - 22; end >= 0 && end > view.byteLength - 22 - 2 ** 16; end--) {
    if (view.getUint32(end, true) !== END) continue;
    const [count, at] = [view.getUint16(end + 10, true), view.getUint32(end + 16, true)];
    if (count !== 0xffff && at !== LARGE) return { at, count };
    const wide = Number(view.getBigUint64(end - 12, true)); // of the locator before it
    if (view.getUint32(wide, true) !== END_64) break;
    const number = (offset: number): number => Number(view.getBigUint64(wide + offset, true));
    return { at: number(48), count: number(32) };
  }
  throw damaged("it has no directory");
}

interface Entry {
  readonly method: number;
  readonly packed: number;
  readonly size: number;
  readonly local: number;
}

function entryOf(view: DataView, at: number, nameLength: number, extraLength: number): Entry {
  let [packed, size, local] = [20, 24, 42].map((offset) => view.getUint32(at + offset, true)) as [
    number,
    number,
    number,
  ];
  // the numbers that need 64 bits stand in an extra field, in this order
  for (let extra = at + 46 + nameLength, end = extra + extraLength; extra + 4 <= end; ) {
    let next = extra + 4;
    const wide = (): number => {
      next += 8;
      return Number(view.getBigUint64(next - 8, true));
    };
    if (view.getUint16(extra, true) === 1) {
      if (size === LARGE) size = wide();
      if (packed === LARGE) packed = wide();
      if (local === LARGE) local = wide();
    }
    extra += 4 + view.getUint16(extra + 2, true);
  }
  return { method: view.getUint16(at + 10, true), packed, size, local };
}

function unpacked(bytes: Uint8Array, name: string, { method, packed, size, local }: Entry): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (local + 30 > bytes.length) throw damaged(`${name} lies outside of the file`);
  const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
  const data = bytes.subarray(start, start + packed);
  if (data.length !== packed) throw damaged(`${name} is cut short`);
  if (method !== 0 && method !== 8) throw damaged(`${name} is packed by method ${method}, known are 0 and 8`);
  const raw = method === 0 ? data : inflateRawSync(data);
  if (raw.length !== size) throw damaged(`${name} has ${raw.length} bytes instead of ${size}`);
  return raw;
}
