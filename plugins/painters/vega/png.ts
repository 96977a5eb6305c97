/**
 * From a Vega spec to the bytes of a PNG, or to SVG.
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import { initWasm, Resvg } from "@resvg/resvg-wasm";
import { parse, type Spec, View } from "vega";
import { FONT, theme } from "./theme.ts";

/** Pixels a point. */
const RESOLUTION = 2;

let loaded: Promise<Uint8Array> | undefined;

/** Starts resvg, once in a process, and reads the font. */
function renderer(): Promise<Uint8Array> {
  loaded ??= (async () => {
    await initWasm(await packaged("@resvg/resvg-wasm/index_bg.wasm"));
    return await packaged("dejavu-fonts-ttf/ttf/DejaVuSans.ttf");
  })();
  return loaded;
}

async function packaged(file: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await readFile(new URL(import.meta.resolve(file))));
}

/** Draws a spec as SVG. Its texts may hold anything: what XML cannot is left out. */
export async function chartSvg(spec: Spec): Promise<string> {
  const view = new View(parse(spec, theme), { renderer: "none" });
  const svg = (await view.toSVG()).replace(/[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, "");
  view.finalize();
  return svg;
}

/** Draws a spec in pixels. */
export async function chartPng(spec: Spec): Promise<Uint8Array> {
  const font = await renderer();
  const svg = await chartSvg(spec);
  const image = new Resvg(svg, {
    background: "white",
    fitTo: { mode: "zoom", value: RESOLUTION },
    font: { fontBuffers: [font], defaultFontFamily: FONT, sansSerifFamily: FONT },
  });
  try {
    const rendered = image.render();
    const png = rendered.asPng();
    rendered.free();
    return png;
  } finally {
    image.free();
  }
}
