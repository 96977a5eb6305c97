import { decode } from "fast-png";
import t from "tap";
import { assemble, contextOf, type Painter, Painters } from "../../core/mod.ts";
import { histogramSpec } from "../../plugins/painters/vega/histogram.ts";
import { linesSpec } from "../../plugins/painters/vega/lines.ts";
import { COLOURS } from "../../plugins/painters/vega/theme.ts";
import vegaPlugin from "../../plugins/painters/vega/vega.ts";

const make = async (): Promise<Painter> =>
  contextOf(await assemble([vegaPlugin]), new URL("file:///nowhere/")).create(Painters, { use: "vega" });
const painter = await make();

type Box = readonly [left: number, top: number, right: number, bottom: number];

/** A decoded picture, and questions about its pixels. Boxes are in points: two pixels each. */
function picture(png: Uint8Array) {
  const { width, height, data, channels } = decode(png);
  const at = (x: number, y: number): number[] => [
    ...data.subarray((y * width + x) * channels, (y * width + x) * channels + Math.min(3, channels)),
  ];
  const where = (test: (rgb: number[]) => boolean, [left, top, right, bottom]: Box): [number, number][] => {
    const found: [number, number][] = [];
    for (let y = top * 2; y < Math.min(height, bottom * 2); y++)
      for (let x = left * 2; x < Math.min(width, right * 2); x++) if (test(at(x, y))) found.push([x, y]);
    return found;
  };
  const whole: Box = [0, 0, width / 2, height / 2];
  return {
    width,
    height,
    at,
    where,
    whole,
    count: (test: (rgb: number[]) => boolean, box: Box) => where(test, box).length,
  };
}

/** Whether a pixel has the hue of the i-th series, however transparent over white. */
function hue(i: number): (rgb: number[]) => boolean {
  const ink = [1, 3, 5].map((from) => 255 - Number.parseInt(COLOURS[i]!.slice(from, from + 2), 16));
  const length = (v: readonly number[]): number => Math.hypot(...v);
  return (rgb) => {
    const own = rgb.map((c) => 255 - c);
    const dot = own.reduce((sum, c, j) => sum + c * ink[j]!, 0);
    return length(own) > 60 && dot / (length(own) * length(ink)) > 0.985;
  };
}
const dark = (rgb: number[]): boolean => Math.max(...rgb) < 110;
const notWhite = (rgb: number[]): boolean => Math.min(...rgb) < 250;
const extentOf = (pixels: [number, number][]): [across: number, up: number] => [
  Math.max(...pixels.map((p) => p[0])) - Math.min(...pixels.map((p) => p[0])),
  Math.max(...pixels.map((p) => p[1])) - Math.min(...pixels.map((p) => p[1])),
];

/** The inside of the i-th panel of a scatter plot. */
const panel = (i: number): Box => [63 + i * 250, 79, 62 + 230 + i * 250, 78 + 230];
const ring = (n: number, x: number, y: number, radius: number): Float32Array =>
  Float32Array.from({ length: 2 * n }, (_, i) => {
    const angle = (2 * Math.PI * (i >> 1)) / n;
    return i % 2 === 0 ? x + radius * Math.cos(angle) : y + radius * Math.sin(angle);
  });
const three = [
  { name: "pd", values: ring(400, 0, 0, 1) },
  { name: "pdBar", values: ring(400, 10, 0, 1) },
  { name: "pg", values: ring(400, 5, 4, 1) },
];

t.test("scatter() draws each series in its own panel and all in the last", async (t) => {
  const { width, count, where, whole } = picture(await painter.scatter("Rings", three));
  t.ok(width > 2 * (62 + 4 * 250), "four panels side by side, at two pixels a point");
  for (const i of [0, 1, 2]) {
    for (const other of [0, 1, 2]) {
      const pixels = count(hue(other), panel(i));
      if (i === other) t.ok(pixels > 500, `series ${i} is in panel ${i}: ${pixels}`);
      else t.equal(pixels, 0, `series ${other} is not in panel ${i}`);
    }
    t.ok(count(hue(i), panel(3)) > 500, `series ${i} is in the last panel`);
    t.ok(count(hue(i), [1060, 60, 1100, 140]) > 20, `series ${i} is in the legend`);
    const [across, up] = extentOf(where(hue(i), panel(i)));
    t.ok(Math.abs(across - up) <= 3, `a ring is round: ${across} by ${up}`);
  }
  const [x0, y0] = where(hue(0), panel(0))[0]!;
  const [x1, y1] = where(hue(0), panel(3))[0]!;
  t.same([x1 - x0, y1 - y0], [3 * 500, 0], "the panels share their axes");
  t.ok(Math.min(...where(hue(2), panel(2)).map((p) => p[1])) < y0, "up is up");
  const right = whole[2];
  for (const edge of [
    [0, 0, right, 4],
    [0, whole[3] - 3, right, whole[3]],
    [0, 0, 4, whole[3]],
    [right - 4, 0, right, whole[3]],
  ]) {
    t.equal(count(notWhite, edge as unknown as Box), 0, `nothing runs over the edge ${edge}`);
  }
});

t.test("scatter() writes its title, axes and names", async (t) => {
  const titled = picture(await painter.scatter("Rings", three));
  const bare = picture(await painter.scatter("", three));
  const band: Box = [0, 0, 1000, 45];
  t.ok(titled.count(dark, band) > 200, "the title");
  t.equal(bare.count(notWhite, band), 0, "and nothing else there");
  for (const i of [0, 1, 2, 3])
    t.ok(titled.count(dark, [62 + i * 250, 50, 200 + i * 250, 76]) > 50, `name ${i}`);
  t.ok(titled.count(dark, [62, 312, 292, 334]) > 50, "numbers of the x axis");
  t.ok(titled.count(dark, [12, 78, 56, 308]) > 50, "numbers of the y axis");
});

t.test("scatter() is not stretched by a few outliers, and counts them", async (t) => {
  const values = ring(400, 0, 0, 1);
  values.set([1e6, 0, -1e6, 5, Number.NaN, 0], 0);
  const plain = picture(await painter.scatter("", [{ name: "pd", values: ring(400, 0, 0, 1) }]));
  const outliers = picture(await painter.scatter("", [{ name: "pd", values }]));
  const inside = outliers.where(hue(0), panel(0));
  t.ok(Math.min(...extentOf(inside)) > 400, `the ring is ${extentOf(inside)} of 460 pixels wide and high`);
  const name: Box = [62, 50, 292, 76];
  t.ok(outliers.count(dark, name) > plain.count(dark, name) + 100, "says how many lie outside");
});

t.test("histogram() draws densities to scale", async (t) => {
  const even = (n: number, low: number, high: number): Float32Array =>
    Float32Array.from({ length: n }, (_, i) => low + ((i + 0.5) / n) * (high - low));
  const { width, height, where, count } = picture(
    await painter.histogram("Uniform", [
      { name: "pd", values: even(8000, 0, 1) },
      { name: "pdBar", values: even(4000, 0, 2) },
      { name: "pg", values: even(8000, 1, 2) },
    ]),
  );
  t.same([width, height], [1520, 780]);
  // The plot begins at 76 points from the left, ends 60 above the bottom; x runs from -1/63 to 2 + 1/63 or so.
  const bottom = 60 + 276;
  const half: Box = [200, 60, 202, bottom - 4];
  const tops = [0, 1].map((i) => Math.min(...where(hue(i), half).map((p) => p[1])));
  const [pd, pdBar] = tops.map((top) => 2 * bottom - top) as [number, number];
  t.ok(
    Math.abs(pd / pdBar - 2) < 0.04,
    `uniform on [0, 1] is twice as dense as on [0, 2]: ${pd} and ${pdBar}`,
  );
  const data = histogramSpec("", [{ name: "pd", values: even(100, -3, 4) }]).data as {
    values: { x: number; density: number }[];
  }[];
  const bars = data[0]!.values;
  const area = bars.slice(1).reduce((sum, { x }, i) => sum + (x - bars[i]!.x) * bars[i]!.density, 0);
  t.ok(Math.abs(area - 1) < 1e-6, `a density integrates to 1: ${area}`);
  t.equal(count(hue(2), [90, 60, 350, bottom - 4]), 0, "pg has nothing left of 1");
  t.ok(count(hue(2), [360, 60, 640, bottom - 4]) > 500, "pg is right of 1");
  t.ok(count(dark, [0, 0, 400, 40]) > 200, "the title");
  for (const i of [0, 1, 2]) t.ok(count(hue(i), [670, 50, 720, 130]) > 20, `series ${i} is in the legend`);
});

t.test("histogram() names its axis, and marks a value that its series do not reach", async (t) => {
  const series = [{ name: "pd", values: Float32Array.of(0, 1, 2) }];
  const { scales, axes } = histogramSpec("", series, { x: "score", mark: 10 });
  t.ok(((scales![0] as { domain: number[] }).domain[1] ?? 0) > 10);
  t.equal((axes![0] as { title: string }).title, "score");
  const above: Box = [380, 100, 700, 200]; // right of all bars
  const [marked, plain] = await Promise.all(
    [{ mark: 10 }, {}].map(async (on) => picture(await painter.histogram("", series, on))),
  );
  t.equal(plain!.count(dark, above), 0);
  t.ok(marked!.count(dark, above) > 20, "a line from the bottom to the top");
  const unmarked = JSON.stringify(histogramSpec("", series));
  for (const mark of [Infinity, Number.NaN]) {
    t.equal(JSON.stringify(histogramSpec("", series, { mark })), unmarked, `${mark} is nowhere`);
  }
});

t.test("histogram() has bins for its narrowest series", (t) => {
  const even = (n: number, low: number, high: number): Float32Array =>
    Float32Array.from({ length: n }, (_, i) => low + ((i + 0.5) / n) * (high - low));
  const binsOf = (...series: Float32Array[]): number => {
    const { data } = histogramSpec(
      "",
      series.map((values, i) => ({ name: `${i}`, values })),
    );
    return (data as { values: unknown[] }[])[0]!.values.length - 3; // three close the outline
  };
  const wide = even(1000, 0, 20);
  t.equal(binsOf(wide), 20);
  t.equal(binsOf(wide, even(1000, 9, 11)), 100, "2·(interquartile range)/∛n = 0.2 wide");
  t.equal(
    binsOf(wide, new Float32Array(50).fill(3)),
    100,
    "and never so many that they cannot be told apart",
  );
  t.equal(binsOf(new Float32Array()), 20);
  t.end();
});

t.test("lines() on a logarithmic axis leaves out what has no logarithm, and labels few ticks", (t) => {
  const axes = { x: "x", y: "y", logarithmic: true };
  const falling = { name: "falling", x: [1, 2, 3, 4, 5], y: [80, 7, 0, -1, 0.6] };
  const specOf = (...series: (typeof falling)[]) => {
    const { data, scales, axes: drawn } = linesSpec("", axes, series);
    const scale = scales!.find(({ name }) => name === "y") as { type: string; domain: number[] };
    return {
      points: (data as { values: { y: number }[] }[])[0]!.values.map(({ y }) => y),
      scale,
      ticks: (drawn!.find(({ scale: of }) => of === "y") as { values: number[] }).values,
    };
  };
  const { points, scale, ticks } = specOf(falling);
  t.same(points, [80, 7, 0.6]);
  t.match(scale, { type: "log", domain: [0.6, 80] });
  t.same(ticks, [1, 2, 5, 10, 20, 50]);
  const single = specOf({ name: "single", x: [1], y: [4] }).scale.domain;
  t.ok(single[0]! > 0 && single[0]! < 4 && single[1]! > 4, `around a single value: ${single}`);
  t.same(specOf({ name: "none", x: [1], y: [0] }).scale.domain, [1, 10]);
  t.end();
});

t.test("lines() keeps a spike among many points", async (t) => {
  const n = 100_000;
  const x = Array.from({ length: n }, (_, i) => i + 1);
  const flat = { name: "flat", x, y: x.map(() => 0) };
  const spike = { name: "spike", x, y: x.map((_, i) => (i === n / 2 ? 1 : 0)) };
  const { width, height, where, count } = picture(
    await painter.lines("Losses", { x: "step", y: "loss" }, [flat, spike]),
  );
  t.same([width, height], [1520, 780]);
  const high = where(hue(1), [80, 56, 640, 200]);
  t.ok(
    Math.max(...high.map((p) => p[1])) - Math.min(...high.map((p) => p[1])) > 250,
    "drawn to its full height",
  );
  const centre = high.reduce((sum, p) => sum + p[0], 0) / high.length;
  const plot = [152, 152 + 2 * (760 - 76 - 56 - 5 * 0.6 * 13)] as const; // the legend is as wide as "spike"
  t.ok(Math.abs(centre - (plot[0] + plot[1]) / 2) < 4, `in the middle: ${centre} of ${plot}`);
  t.equal(count(hue(0), [80, 56, 640, 200]), 0);
  t.ok(count(dark, [300, 355, 460, 388]) > 50, "title of the x axis");
  t.ok(count(dark, [18, 120, 45, 280]) > 30, "title of the y axis");

  const wave = { name: "wave", x, y: x.map((v) => Math.sin(v) * v) };
  const drawn = (linesSpec("", { x: "", y: "" }, [wave]).data as { values: { x: number; y: number }[] }[])[0]!
    .values;
  t.ok(drawn.length < 1300, `${drawn.length} points are drawn`);
  t.equal(Math.max(...drawn.map((p) => p.y)), Math.max(...wave.y));
  t.equal(Math.min(...drawn.map((p) => p.y)), Math.min(...wave.y));
  t.same([drawn[0]!.x, drawn.at(-1)!.x], [1, n]);
  t.ok(
    drawn.every((p, i) => i === 0 || p.x > drawn[i - 1]!.x),
    "in order",
  );
});

t.test("sheet() shows each pixel as a square", async (t) => {
  // Three images of 2 by 2 with values up to and beyond the range [-1, 1].
  const images = Float32Array.of(-1, 1, 0, 5, -9, -1, 1, 1, 0, 0, 0, 0);
  const { width, height, at } = picture(await painter.sheet(images, [2, 2, 1], [-1, 1]));
  const decoded = decode(await painter.sheet(images, [2, 2, 1], [-1, 1]));
  t.equal(decoded.channels, 1);
  t.same([width, height], [2 * (96 + 2) + 2, 2 * (96 + 2) + 2], "two by two, factor 48, lines of 2");
  const grey = (column: number, row: number, x: number, y: number): number =>
    at(2 + column * 98 + x * 48 + 24, 2 + row * 98 + y * 48 + 24)[0]!;
  const shown = [0, 1, 2, 3].map((i) => [0, 1, 2, 3].map((p) => grey(i % 2, i >> 1, p % 2, p >> 1)));
  t.same(shown, [
    [0, 255, 128, 255],
    [0, 0, 255, 255],
    [128, 128, 128, 128],
    [255, 255, 255, 255],
  ]);
  const lines = [0, 1, 98, 99, 196, 197].every((c) => at(c, 30)[0] === 255 && at(30, c)[0] === 255);
  t.ok(lines, "white lines around and between");
  t.same([at(2, 2)[0], at(49, 49)[0], at(50, 2)[0]], [0, 0, 255], "no pixel is blurred into the next");
});

t.test("sheet() shows colours, and many images within bounds", async (t) => {
  const { width, at } = picture(await painter.sheet(Float32Array.of(1, 0, 0.5), [1, 1, 3], [0, 1]));
  t.equal(width, 100);
  t.same(at(50, 50), [255, 0, 128]);
  const many = picture(await painter.sheet(new Float32Array(900 * 28 * 28), [28, 28, 1], [0, 1]));
  t.equal(many.width, 30 * (28 * 2 + 2) + 2, "two pixels each, for three would be beyond 2400");
  const digits = picture(await painter.sheet(new Float32Array(64 * 28 * 28), [28, 28, 1], [0, 1]));
  t.equal(digits.width, 8 * (28 * 3 + 2) + 2);
});

t.test("the same data give the same bytes", async (t) => {
  const again = await make();
  const line = [{ name: "a", x: [1, 2, 3], y: [3, 1, 2] }];
  const draw = async (p: Painter): Promise<Uint8Array[]> => [
    await p.scatter("s", three),
    await p.histogram("h", three),
    await p.lines("l", { x: "x", y: "y" }, line),
    await p.sheet(new Float32Array(12).fill(0.3), [2, 2, 3], [0, 1]),
  ];
  const [first, second] = [await draw(painter), await draw(again)];
  for (const [i, bytes] of first.entries()) t.ok(Buffer.compare(bytes, second[i]!) === 0, `picture ${i}`);
});

t.test("charts take what runs may give them: nothing, one value, NaN, odd names", async (t) => {
  const odd = [
    { name: "", values: new Float32Array(0) },
    { name: "</text><script>&\0\u{1F600}\uD800", values: Float32Array.of(3, 4) },
    { name: "pg", values: Float32Array.of(Number.NaN, Infinity) },
  ];
  const title = "<b>&\0\uD800 ".repeat(100);
  const size = async (png: Promise<Uint8Array>): Promise<number[]> => {
    const { width, height, count, whole } = picture(await png);
    t.equal(count(notWhite, [whole[2] - 3, 0, whole[2], whole[3]]), 0, "a long title is cut");
    return [width, height];
  };
  await size(painter.scatter(title, odd));
  t.same(await size(painter.histogram(title, odd)), [1520, 780]);
  const lines = odd.map(({ name }) => ({ name, x: [1, 2], y: [Number.NaN, 2] }));
  t.same(await size(painter.lines(title, { x: title, y: title }, lines)), [1520, 780]);
  t.same(await size(painter.lines("", { x: "", y: "" }, [{ name: "none", x: [], y: [] }])), [1520, 780]);
});

t.test("what cannot be drawn is named", async (t) => {
  const named = (drawn: Promise<unknown>, message: string): Promise<unknown> =>
    t.rejects(drawn, { name: "RangeError", message });
  await named(painter.scatter("", []), "no series");
  await named(painter.histogram("", []), "no series");
  await named(painter.lines("", { x: "", y: "" }, []), "no series");
  await named(
    painter.scatter("", [{ name: "pd", values: new Float32Array(3) }]),
    '"pd" has 3 values, not pairs',
  );
  await named(painter.lines("", { x: "", y: "" }, [{ name: "l", x: [1], y: [] }]), '"l" has 1 x, but 0 y');
  await named(painter.sheet(new Float32Array(0), [2, 2, 1], [0, 1]), "0 values");
  await named(painter.sheet(new Float32Array(5), [2, 2, 1], [0, 1]), "5 values");
  await named(painter.sheet(new Float32Array(8), [2, 2, 2], [0, 1]), "2 channels");
});

t.test("scatter() keeps its axes where the data decide, however far samples stray", async (t) => {
  const data = { name: "pd", values: ring(400, 0, 0, 1) };
  const places = async (far: number, on = {}) => {
    const strays = { name: "pg", values: ring(400, far, far, 1) };
    const { where } = picture(await painter.scatter("", [data, strays], on));
    return where(hue(0), [50, 66, 280, 296]);
  };
  const axes = { axes: ["pd"] };
  t.same(await places(0, axes), await places(9, axes), "the data stay where they are");
  t.notSame(await places(0), await places(9), "unless all decide");
});

t.test("panels() draws a panel for each condition, its bands, and one colour for one name", async (t) => {
  const x = [0, 1, 2, 3];
  const series = (name: string, from: number) => ({
    name,
    x,
    y: x.map((v) => from - v),
    low: x.map((v) => from - v - 1),
    high: x.map((v) => from - v + 1),
  });
  const axes = { x: "epsilon", y: "accuracy" };
  const both = picture(
    await painter.panels("Two", [
      { title: "first", axes, series: [series("a", 9), series("b", 6)] },
      { title: "second", axes, series: [series("b", 8)] },
    ]),
  );
  const left: Box = [64, 74, 394, 304];
  const right: Box = [472, 74, 802, 304];
  for (const i of [0, 1]) t.ok(both.count(hue(i), left) > 400, `series ${i} is in the first panel`);
  t.equal(both.count(hue(0), right), 0);
  t.ok(both.count(hue(1), right) > 400, "b keeps its colour in the second panel");
  const banded = both.count((rgb) => notWhite(rgb) && !dark(rgb), left);
  const plain = picture(
    await painter.panels("Two", [
      {
        title: "first",
        axes,
        series: [series("a", 9), series("b", 6)].map(({ name, x, y }) => ({ name, x, y })),
      },
      { title: "second", axes, series: [series("b", 8)] },
    ]),
  );
  t.ok(banded > 2 * plain.count((rgb) => notWhite(rgb) && !dark(rgb), left), "bands fill more than lines");
  const three = await painter.panels("Three", Array(3).fill({ title: "p", axes, series: [series("a", 9)] }));
  t.ok(picture(three).height > both.height, "a third panel stands below");
  const row = await painter.panels("", Array(3).fill({ title: "p", axes, series: [series("a", 9)] }), 3);
  t.equal(picture(row).height, both.height, "or beside, in more columns");
  t.ok(picture(row).width > picture(three).width);
  t.equal(picture(three).count(hue(0), [830, 0, 1200, 400]), 0, "one name needs no legend");
  await t.rejects(painter.panels("", []), /no panel to draw/);
  await t.rejects(painter.panels("", [{ title: "p", axes, series: [] }]), /"p" has no series/);
  await t.rejects(
    painter.panels("", [{ title: "p", axes, series: [{ name: "a", x, y: [1] }] }]),
    /4 x, but 1 y/,
  );
});

t.test("sheet() puts as many images in a row as it is told", async (t) => {
  const six = new Float32Array(6 * 4).fill(0.5);
  const { width, height } = decode(await painter.sheet(six, [2, 2, 1], [0, 1], 6));
  t.ok(width > 5 * height);
});
