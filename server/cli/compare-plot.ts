/**
 * The picture of `dsgan compare`: a panel for each metric, in it a curve with a band for each setting.
 *
 * @module
 */
import { writeFile } from "node:fs/promises";
import { assemble, contextOf, InputError, painterOf } from "../../core/mod.ts";
import { BANDS, panelsOf, type Setting } from "../report/curves.ts";
import type { Host } from "./host.ts";

/**
 * Draws metrics over steps: the mean over the seeds, and a standard deviation around it.
 * @param file a PNG or an SVG, by its ending
 * @param metrics names of values that runs report as progress
 * @throws InputError where no run reports one of them on the way, or there is no painter
 */
export async function plot(
  file: string,
  settings: readonly Setting[],
  metrics: readonly string[],
  host: Host,
): Promise<void> {
  const [ending] = /\.(png|svg)$/.exec(file) ?? [];
  if (ending === undefined)
    throw new InputError(`--plot ${file}: pictures are PNG or SVG; name a file that ends in .png or .svg`);
  const painter = await painterOf(contextOf(await assemble(host.plugins), new URL("file:///")));
  if (painter === undefined) throw new InputError("--plot: no plugin that draws is there");
  const panels = await panelsOf(settings, metrics);
  if (panels.length === 0) {
    throw new InputError(
      `--plot: no run reports ${metrics.join(" or ")} on the way. The application generate does with measureEvery`,
    );
  }
  if (ending === ".png") return await writeFile(file, await painter.panels(BANDS, panels));
  if (painter.panelsAsSvg === undefined)
    throw new InputError(`--plot ${file}: ${painter.name} draws PNGs alone`);
  await writeFile(file, await painter.panelsAsSvg(BANDS, panels));
}
