/**
 * The ziggurat of the normal distribution: 512 layers of equal area, each a rectangle that lies under the density but for
 * its right end. A word picks a layer and a place in it; nearly all places are surely under the density.
 * G. Marsaglia, W. W. Tsang, Journal of Statistical Software 5(8), 2000; layer and place from different bits:
 * J. A. Doornik, "An Improved Ziggurat Method to Generate Normal Random Samples", 2005.
 *
 * @module
 */

/** Layers of the ziggurat: a power of two, so many that few numbers fall outside their cores. */
const LAYERS = 512;

/** Where the tail of a ziggurat of so many layers begins, and the area of each layer. */
const TAIL = 3.852046150368391;
const AREA = 2.456766351541353e-3;

/** Right edges of the layers, from the lowest (which counts the tail as a rectangle) up; the last is 0. */
const EDGES: Float64Array = edges();
/** Edges over 2²², the range of a place within a layer. */
const WIDTHS: Float64Array = EDGES.map((x) => x * 2 ** -22);

function edges(): Float64Array {
  const density = (x: number): number => Math.exp(-0.5 * x * x);
  const out = new Float64Array(LAYERS + 1);
  out[0] = AREA / density(TAIL);
  out[1] = TAIL;
  for (let i = 2; i < LAYERS; i++) {
    out[i] = Math.sqrt(-2 * Math.log(AREA / out[i - 1]! + density(out[i - 1]!)));
  }
  return out;
}

/**
 * For each layer the first place, counted from 0 outwards, that is not surely under the density. What decides is the
 * comparison of doubles that it stands for.
 */
const LIMITS: Int32Array = Int32Array.from({ length: LAYERS }, (_, layer) => {
  let [inside, outside] = [0, 2 ** 22];
  while (inside < outside) {
    const middle = (inside + outside) >> 1;
    if ((middle + 0.5) * WIDTHS[layer]! < EDGES[layer + 1]!) inside = middle + 1;
    else outside = middle;
  }
  return inside;
});

/** A normal number, given that a first try fell into `layer` at x, outside of what the density surely covers. */
function outsideCore(layer: number, x: number, next: () => number): number {
  const unit = (): number => (next() + 0.5) * 2 ** -32;
  for (;;) {
    if (layer === 0) {
      for (;;) {
        const beyond = -Math.log(unit()) / TAIL;
        if (-2 * Math.log(unit()) > beyond * beyond) return x < 0 ? -TAIL - beyond : TAIL + beyond;
      }
    }
    const [outer, inner] = [EDGES[layer]!, EDGES[layer + 1]!];
    const below = Math.exp(-0.5 * (outer * outer - x * x));
    const above = Math.exp(-0.5 * (inner * inner - x * x));
    if (above + unit() * (below - above) < 1) return x;
    const word = next() | 0;
    layer = word & (LAYERS - 1);
    x = ((word >> 9) + 0.5) * WIDTHS[layer]!;
    if (Math.abs(x) < EDGES[layer + 1]!) return x;
  }
}

/** What takes part in drawing normal numbers, for those who do it elsewhere. */
export const ziggurat: {
  /** A power of two: the lowest bits of a word pick the layer, those from the tenth on the place, a signed number. */
  readonly layers: number;
  /** Right edges of the layers, one more than there are. */
  readonly edges: Float64Array;
  /** What a place and a half times this is: a number. */
  readonly widths: Float64Array;
  readonly limits: Int32Array;
  /** A normal number, given a word whose place is not surely under the density; `next` gives further words. */
  outside(word: number, next: () => number): number;
} = {
  layers: LAYERS,
  edges: EDGES,
  widths: WIDTHS,
  limits: LIMITS,
  outside(word, next) {
    const layer = word & (LAYERS - 1);
    return outsideCore(layer, ((word >> 9) + 0.5) * WIDTHS[layer]!, next);
  },
};
