/**
 * PNG and JPEG files as bytes of grey or of red, green and blue.
 *
 * @module
 */
import { convertIndexedToRgb, type DecodedPng, decode as decodePng } from "fast-png";
import jpeg from "jpeg-js";

/** Number of channels: grey, or red, green and blue. */
export type Channels = 1 | 3;

/** An image, `[height, width, channels]` row by row. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly channels: Channels;
  readonly data: Uint8Array;
}

/** Endings of files that are images. */
export const IMAGE: RegExp = /\.(png|jpe?g)$/i;

/** Takes a file apart, whatever its name says. Transparency is left out. @throws Error where it is no such image */
export function decoded(bytes: Uint8Array): Picture {
  if (bytes[0] === 0x89 && bytes[1] === 0x50) return fromPng(decodePng(bytes));
  if (bytes[0] === 0xff && bytes[1] === 0xd8) {
    const options = { useTArray: true, formatAsRGBA: false, tolerantDecoding: false } as const;
    const { width, height, data } = jpeg.decode(bytes, options);
    return { width, height, channels: 3, data };
  }
  throw new Error("it is neither a PNG nor a JPEG file");
}

function fromPng(png: DecodedPng): Picture {
  const { width, height, palette } = png;
  if (palette !== undefined) {
    const colours = palette[0]?.length ?? 3;
    return opaque(width, height, colours, Uint8Array.from(convertIndexedToRgb(png)));
  }
  return opaque(width, height, png.channels, bytesOf(png));
}

/** Values of 8 bits each. */
function bytesOf({ data, depth, width, height, channels }: DecodedPng): Uint8Array {
  if (depth === 8) return Uint8Array.from(data);
  if (depth === 16) return Uint8Array.from(data, (value) => Math.round(value / 257));
  const most = 2 ** depth - 1;
  const rowBytes = Math.ceil((width * channels * depth) / 8);
  return Uint8Array.from({ length: width * height * channels }, (_, i) => {
    const [row, column] = [Math.floor(i / (width * channels)), i % (width * channels)];
    const bit = column * depth;
    const byte = data[row * rowBytes + (bit >> 3)]!;
    return (((byte >> (8 - depth - (bit & 7))) & most) * 255) / most;
  });
}

/** Without the last channel where it is transparency. */
function opaque(width: number, height: number, channels: number, data: Uint8Array): Picture {
  const kept: Channels = channels < 3 ? 1 : 3;
  if (channels === kept) return { width, height, channels: kept, data };
  const out = new Uint8Array(width * height * kept);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < kept; c++) out[i * kept + c] = data[i * channels + c]!;
  }
  return { width, height, channels: kept, data: out };
}

/** An image with so many channels: grey is repeated, colours become their luma (ITU-R BT.601). */
export function withChannels(picture: Picture, channels: Channels): Picture {
  const { channels: own, data, width, height } = picture;
  if (own === channels) return picture;
  const size = width * height;
  const grey = (i: number): number => {
    const [r, g, b] = data.subarray(3 * i, 3 * i + 3) as unknown as [number, number, number];
    return (19595 * r + 38470 * g + 7471 * b + 0x8000) >> 16;
  };
  const out =
    channels === 1
      ? Uint8Array.from({ length: size }, (_, i) => grey(i))
      : Uint8Array.from({ length: 3 * size }, (_, i) => data[Math.floor(i / 3)]!);
  return { width, height, channels, data: out };
}
