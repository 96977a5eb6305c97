/**
 * The picture of what happens as fine-tuning goes on: a panel a classifier, two lines in each.
 *
 * @module
 */
import { fractionText, type Painter, type Panel, type Picture } from "../../../core/mod.ts";
import type { WatchPlan } from "./options.ts";
import type { Variant } from "./variants.ts";
import { type Watched, watchedNames } from "./watch.ts";

/** Panels in a row. */
const COLUMNS = 3;

/** Accuracy under the attack that float32 rounds and under the other, and the share of images it is certain of. */
export async function watchPicture(
  painter: Painter,
  plan: WatchPlan,
  variants: readonly Variant[],
  watched: ReadonlyMap<string, readonly Watched[]>,
): Promise<Picture> {
  const [rounded, unrounded] = watchedNames(plan);
  const panels = variants.flatMap(({ name }): Panel[] => {
    const looks = watched.get(name);
    if (looks === undefined) return [];
    const line = (label: string, share: (look: Watched) => number) => ({
      name: label,
      x: looks.map(({ epoch }) => epoch),
      y: looks.map((look) => 100 * share(look)),
    });
    return [
      {
        title: name,
        axes: { x: "epoch of fine-tuning", y: "images (%)" },
        series: [
          line(`right under ${rounded}, float32`, (look) => look.rounded),
          line(`right under ${unrounded}`, (look) => look.unrounded),
          line("softmax of the true class is 1", (look) => look.certain),
        ],
      },
    ];
  });
  const title = `Accuracy at epsilon ${fractionText(plan.epsilon)} as fine-tuning goes on`;
  return {
    name: "fine-tuning",
    title: `${title} (${plan.images} images held out; epoch 0 is the baseline)`,
    png: await painter.panels(title, panels, Math.min(COLUMNS, panels.length)),
  };
}
