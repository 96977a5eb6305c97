/**
 * The pictures of a run, as part of the page.
 *
 * @module
 */
import { InputError, type Painter, type Panel, type RunReader } from "../../core/mod.ts";
import { type Content, type Html, html } from "./html.ts";
import type { RunRecord } from "./record.ts";

/** The pictures of a run. */
export interface Pictures {
  /** What it came to, above all else: accuracy under attack, errors over epochs. */
  readonly result: readonly Html[];
  /** The others that it drew at its end, and its curves. */
  readonly final: readonly Html[];
  /** Drawn during training, under `previews/`. */
  readonly previews: readonly Html[];
}

/** Names of pictures that show a result. */
const RESULT = /\/(accuracy|errors)[^/]*\.png$/i;
/** Points below which a series is no curve. */
const FEW = 3;
/** Lines above which a chart tells nothing. */
const MOST_LINES = 16;

/**
 * Every PNG that the run kept. Where none of them shows losses and there is a painter, the curves of its progress too.
 */
export async function pictures(record: RunRecord, reader: RunReader, painter?: Painter): Promise<Pictures> {
  const kept = record.artifacts.filter(({ path }) => path.toLowerCase().endsWith(".png"));
  const [previews, final] = [kept.filter(isPreview), kept.filter((artifact) => !isPreview(artifact))];
  const isResult = ({ path }: { readonly path: string }): boolean => RESULT.test(path);
  return {
    result: await figures(final.filter(isResult), reader, true),
    final: [
      ...(await figures(
        final.filter((picture) => !isResult(picture)),
        reader,
      )),
      ...(await progress(record, painter)),
    ],
    previews: await figures(previews, reader),
  };
}

function isPreview({ path }: { readonly path: string }): boolean {
  return path.includes("/previews/");
}

async function figures(
  artifacts: RunRecord["artifacts"],
  reader: RunReader,
  isLarge = false,
): Promise<Html[]> {
  return await Promise.all(
    artifacts.map(async ({ path, title }) => {
      const png = await read(reader, path);
      return png === undefined
        ? html`<p class="gone">${title}: <code>${path}</code> is no longer there.</p>`
        : figure(title, png, isLarge);
    }),
  );
}

/**
 * The curves of a run's progress, where no kept picture shows its losses: a chart for each number, a line for each stage.
 * What a stage told only a few times is no curve.
 */
async function progress(record: RunRecord, painter?: Painter): Promise<Html[]> {
  if (painter === undefined || record.artifacts.some(({ path, title }) => /loss/i.test(path + title)))
    return [];
  const curves = Map.groupBy(
    record.curves.filter(({ x }) => x.length >= FEW),
    ({ name }) => name,
  );
  const panels = [...curves].flatMap(([name, lines]): Panel[] => {
    if (lines.length > MOST_LINES) return [];
    const series = lines.map(({ stage, x, y }) => ({ name: stage, x, y }));
    return [{ title: name, axes: { x: "step", y: name }, series }];
  });
  const [first, ...others] = panels;
  if (first === undefined) return [];
  const title = others.length === 0 ? first.title : "Progress";
  const png =
    others.length === 0
      ? await painter.lines(title, first.axes, first.series)
      : await painter.panels(title, panels, Math.min(3, panels.length));
  return [figure(title, png, true)];
}

async function read(reader: RunReader, path: string): Promise<Uint8Array | undefined> {
  try {
    return await reader.read(path);
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

/** A picture. A click, a tap or the space bar enlarges it and shrinks it again. */
export function figure(title: string, png: Uint8Array, isLarge = false): Html {
  const { width, height } = dimensions(png);
  const source = `data:image/png;base64,${Buffer.from(png).toString("base64")}`;
  const style: Content = `--w: ${width}; --h: ${height}`;
  return html`
<figure${(isLarge || width > 1.5 * height) && html` class="wide"`} style="${style}">
  <label>
    <input type="checkbox" aria-label="Enlarge: ${title}">
    <img src="${source}" alt="${title}" width="${width}" height="${height}">
  </label>
  <figcaption>${title}</figcaption>
</figure>`;
}

/** Width and height from a PNG's header, where they follow the chunk's name (PNG specification, 11.2.2). */
function dimensions(png: Uint8Array): { width: number; height: number } {
  if (png.length < 24) return { width: 1, height: 1 };
  const view = new DataView(png.buffer, png.byteOffset);
  return { width: view.getUint32(16), height: view.getUint32(20) };
}
