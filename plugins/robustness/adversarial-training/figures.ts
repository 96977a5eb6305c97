/**
 * The figures: accuracy against the budget, a panel an adversary and a line a classifier.
 *
 * @module
 */
import type { Painter, Picture } from "../../../core/mod.ts";
import { panelOf } from "../evaluate-robustness/pictures.ts";
import { NORMS } from "../evaluate-robustness/results.ts";
import type { Findings } from "./findings.ts";
import type { AdversarialTraining } from "./options.ts";
import type { Variant } from "./variants.ts";
import { watchPicture } from "./watch-picture.ts";

/**
 * For each w, the paper's figure; the same adversaries on all that the method is compared with; and the adaptive
 * evaluation. Where there are several w, the paper's figures as one, a row for each. Where fine-tuning was watched, what
 * happened as it went on.
 */
export async function figures(
  { comparison, fineTuning: { watch } }: Pick<AdversarialTraining, "comparison" | "fineTuning">,
  painter: Painter,
  { judged, curves, worst, adversaries, watched }: Findings,
): Promise<Picture[]> {
  const n = judged[0]!.paper.labels.length;
  const variants = judged.map(({ variant }) => variant);
  const panels = (attacks: readonly string[], shown: readonly Variant[], bands: boolean) =>
    attacks.map((attack) => {
      const here = shown.flatMap(({ name }) =>
        curves.filter((c) => c.classifier === name && c.attack === attack),
      );
      const lines = here.map(({ classifier, points: all }) => ({ name: classifier, points: all }));
      const panel = panelOf(attack, `epsilon (${NORMS[here[0]!.norm]})`, lines);
      const bare = panel.series.map(({ name, x, y }) => ({ name, x, y }));
      return bands ? panel : { ...panel, series: bare };
    });
  const paper = adversaries.map(({ name }) => name);
  const adaptive = [...new Set(curves.map(({ attack }) => attack))].filter((name) => !paper.includes(name));
  const pictures: Picture[] = [];
  const shownAt = (w: number): Variant[] =>
    variants.filter(
      ({ kind, w: itsW }) => kind === "baseline" || kind === "noisy" || (kind === "ours" && itsW === w),
    );
  if (comparison.w.length > 1) {
    const title = "Accuracy under the paper's adversaries";
    const rows = comparison.w.flatMap((w) =>
      panels(paper, shownAt(w), false).map((panel) => ({
        ...panel,
        title: `${panel.title}, w = ${w}`,
        // one name and colour for a range of noise, whatever the row's w
        series: panel.series.map((line) => ({ ...line, name: line.name.replace(`_w${w}`, "") })),
      })),
    );
    pictures.push({
      name: "accuracy",
      title: `${title}, all of them (${n} images; the paper has ours above noisy above baseline)`,
      png: await painter.panels(title, rows, paper.length),
    });
  }
  for (const w of comparison.w) {
    const legend = shownAt(w);
    const widest = Math.max(...comparison.r);
    const rivals = variants.filter(
      (c) =>
        ["baseline", "continued", "madry"].includes(c.kind) ||
        (c.r === widest && (c.w === undefined || c.w === w)),
    );
    const title = `Accuracy under the paper's adversaries, w = ${w}`;
    pictures.push({
      name: `accuracy-w${w}`,
      title: `${title} (${n} images; the paper has ours above noisy above baseline)`,
      png: await painter.panels(title, panels(paper, legend, false)),
    });
    const beside = `With all that it is compared with, r = ${widest}, w = ${w}`;
    pictures.push({
      name: `rivals-w${w}`,
      title: `${beside} (${n} images; bands are 95 % intervals)`,
      png: await painter.panels(beside, panels(paper, rivals, true)),
    });
    const stronger = `Under adaptive adversaries, and the worst of all, w = ${w}`;
    const shown = [...new Set([...legend, ...rivals])];
    const last = panelOf(
      "worst of all",
      `epsilon (${NORMS.linf})`,
      shown.map(({ name }) => ({ name, points: worst.get(name)! })),
    );
    const bare = { ...last, series: last.series.map(({ name, x, y }) => ({ name, x, y })) };
    pictures.push({
      name: `adaptive-w${w}`,
      title: `${stronger} (${n} images, the same)`,
      png: await painter.panels(stronger, [...panels(adaptive, shown, false), bare]),
    });
  }
  if (watch !== undefined && watched.size > 0) {
    pictures.push(await watchPicture(painter, watch, variants, watched));
  }
  return pictures;
}
