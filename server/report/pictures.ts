/**
 * The pictures of a run, as part of the page.
 *
 * @module
 */
import { InputError, type Painter, type RunReader } from "../../core/mod.ts";
import { type Content, type Html, html } from "./html.ts";
import type { RunRecord } from "./record.ts";

/** The pictures of a run. */
export interface Pictures {
  /** Its results. */
  readonly final: readonly Html[];
  /** Drawn during training, under `previews/`. */
  readonly previews: readonly Html[];
}

/**
 * Every PNG that the run kept. Where none of them shows losses and there is a painter, the curves of its progress too.
 */
export async function pictures(record: RunRecord, reader: RunReader, painter?: Painter): Promise<Pictures> {
  const kept = record.artifacts.filter(({ path }) => path.toLowerCase().endsWith(".png"));
  const [previews, final] = [kept.filter(isPreview), kept.filter((artifact) => !isPreview(artifact))];
  return {
    final: [...(await figures(final, reader)), ...(await progress(record, painter))],
    previews: await figures(previews, reader),
  };
}

function isPreview({ path }: { readonly path: string }): boolean {
  return path.includes("/previews/");
}

async function figures(artifacts: RunRecord["artifacts"], reader: RunReader): Promise<Html[]> {
  return await Promise.all(
    artifacts.map(async ({ path, title }) => {
      const png = await read(reader, path);
      return png === undefined
        ? html`<p class="gone">${title}: <code>${path}</code> is no longer there.</p>`
        : figure(title, png);
    }),
  );
}

/** The curves of a run's progress, where no kept picture shows its losses. */
async function progress(record: RunRecord, painter?: Painter): Promise<Html[]> {
  const figures: Html[] = [];
  if (painter === undefined || record.artifacts.some(({ path, title }) => /loss/i.test(path + title)))
    return figures;
  for (const [stage, curves] of Map.groupBy(record.curves, (curve) => curve.stage)) {
    const title = `Progress of ${stage}`;
    figures.push(figure(title, await painter.lines(title, { x: "step", y: "value" }, curves)));
  }
  return figures;
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
export function figure(title: string, png: Uint8Array): Html {
  const { width, height } = dimensions(png);
  const source = `data:image/png;base64,${Buffer.from(png).toString("base64")}`;
  const style: Content = `--w: ${width}; --h: ${height}`;
  return html`
<figure${width > 1.5 * height && html` class="wide"`} style="${style}">
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
