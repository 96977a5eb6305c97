/**
 * Images side by side, each pixel a square of pixels.
 *
 * @module
 */
import { encode } from "fast-png";

/** An image is drawn about so many pixels high and wide; the sheet at most so many. */
const IMAGE = 96;
const SHEET = 2400;

/** Width of the lines between images and around them, and their grey. */
const LINE = 2;
const GREY = 255;

/**
 * @param images `[n, height, width, channels]` row by row
 * @param shape height, width, channels (1 or 3)
 * @param range values shown black and white; those beyond are shown the same, NaN black
 * @param perRow images in a row; about as many as rows unless given
 * @throws RangeError where the values cannot be cut into such images
 */
export function sheetPng(
  images: Float32Array,
  [height, width, channels]: readonly [number, number, number],
  [black, white]: readonly [number, number],
  perRow?: number,
): Uint8Array {
  const size = height * width * channels;
  const n = images.length / size;
  if (!Number.isInteger(n) || n === 0 || (channels !== 1 && channels !== 3)) {
    throw new RangeError(
      `sheet: ${images.length} values cannot be cut into images of ${height} x ${width} with ${channels} channels (1 or 3)`,
    );
  }
  const columns = perRow ?? Math.ceil(Math.sqrt(n));
  const rows = Math.ceil(n / columns);
  const room = Math.floor((SHEET / columns - LINE) / Math.max(height, width));
  const factor = Math.max(1, Math.min(room, Math.floor(IMAGE / Math.max(height, width))));
  const across = columns * (width * factor + LINE) + LINE;
  const down = rows * (height * factor + LINE) + LINE;

  const data = new Uint8ClampedArray(across * down * channels).fill(GREY);
  for (let image = 0; image < n; image++) {
    const left = LINE + (image % columns) * (width * factor + LINE);
    const top = LINE + Math.floor(image / columns) * (height * factor + LINE);
    for (let y = 0; y < height * factor; y++) {
      const row = image * size + Math.floor(y / factor) * width * channels;
      for (let x = 0; x < width * factor; x++) {
        const from = row + Math.floor(x / factor) * channels;
        const to = ((top + y) * across + left + x) * channels;
        for (let c = 0; c < channels; c++) {
          data[to + c] = (255 * (images[from + c]! - black)) / (white - black);
        }
      }
    }
  }
  return encode({ width: across, height: down, data, channels });
}
