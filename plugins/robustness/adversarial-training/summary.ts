/**
 * The results in words and tables, in Markdown: what a page of results begins with.
 *
 * @module
 */
import { fractionText } from "../../../core/mod.ts";
import { cleanAccuracy } from "../evaluation.ts";
import type { Adversary, Ordering } from "./comparisons.ts";
import { type Findings, meanAccuracy } from "./findings.ts";
import type { AdversarialTraining } from "./options.ts";

const percent = (share: number): string => (100 * share).toFixed(1);

/** The paper's claims, and which pairs each is about. */
const CLAIMS: readonly (readonly [claim: string, holds: (above: string, below: string) => boolean])[] = [
  ["ours above noisy inputs of the same r", (a, b) => a.startsWith("ours") && b.startsWith("noisy")],
  ["noisy inputs above the baseline", (a, b) => a.startsWith("noisy") && b === "baseline"],
  ["ours above the baseline", (a, b) => a.startsWith("ours") && b === "baseline"],
  ["stronger with the next larger w", (a, b) => a.startsWith("ours") && b.startsWith("ours")],
  ["ours above the control without a generator", (a, b) => a.startsWith("ours") && b.startsWith("control")],
  ["ours above equal training without the term", (a, b) => a.startsWith("ours") && b === "continued"],
];

/** The page. */
export function summary(parts: AdversarialTraining, findings: Findings): string {
  return [
    heading(parts, findings),
    accuracies(findings),
    "## The paper's ordering, adversary by adversary",
    "Paired differences of mean accuracy over the budgets, on the same images: seen if the 95 % interval lies above 0, " +
      "reversed if it lies below. Intervals cover the draw of images, for one training each, and are not corrected for " +
      "their number.",
    ordering(findings, findings.adversaries),
    ...(findings.adaptive.length === 0
      ? []
      : [
          "The same under the adaptive adversaries, over their budgets:",
          ordering(findings, findings.adaptive),
        ]),
    "## Gains under adversaries that know the defence",
    standing(findings),
    "## Generated rows",
    samples(findings),
  ].join("\n\n");
}

function heading({ data, images, comparison, gan }: AdversarialTraining, { judged }: Findings): string {
  const { critic, noise, generates } = gan.reading;
  const rows = Math.min(images, data.size);
  return (
    `# Adversarial training on ${data.name}\n\n` +
    `${rows} training images, ${judged[0]!.paper.labels.length} test images attacked; r = ${comparison.r.join(", ")}, ` +
    `w = ${comparison.w.join(", ")}. Stage 2: critic on ${critic}, noise on ${noise}, the generator makes ` +
    `${generates === "ball" ? "what is added to rows" : "rows"}, α = ${gan.alpha}, ${gan.steps} generator steps.`
  );
}

/** Accuracies in percent: without attack, under each of the paper's (mean over budgets), under the worst of all. */
function accuracies({ judged, adversaries, curves, worst }: Findings): string {
  const budgets = worst.get(judged[0]!.variant.name)!.filter(({ epsilon }) => epsilon > 0);
  const head = [
    ...["classifier", "clean"],
    ...adversaries.map(({ name }) => name),
    ...budgets.map(({ epsilon }) => `worst ℓ∞ ${fractionText(epsilon)}`),
  ];
  const rows = judged.map(({ variant: { name }, paper }) => [
    name,
    percent(cleanAccuracy(paper).value),
    ...adversaries.map((adversary) => {
      const curve = curves.find(
        ({ classifier, attack }) => classifier === name && attack === adversary.name,
      )!;
      return percent(meanAccuracy(curve));
    }),
    ...worst
      .get(name)!
      .filter(({ epsilon }) => epsilon > 0)
      .map(({ value }) => percent(value)),
  ]);
  return (
    "Accuracy in percent: without attack; under each adversary, its mean over the budgets of the figure; under the worst of " +
    `all ℓ∞ adversaries at each budget.\n\n${table(head, rows)}`
  );
}

function ordering({ orderings }: Findings, adversaries: readonly Adversary[]): string {
  const rows = CLAIMS.flatMap(([claim, holds]) => {
    const pairs = orderings.filter(({ above, below }) => holds(above, below));
    if (pairs.length === 0) return [];
    return [
      [claim, ...adversaries.map(({ name }) => tally(pairs.filter(({ adversary }) => adversary === name)))],
    ];
  });
  return table(["claim", ...adversaries.map(({ name }) => name)], rows);
}

/** "seen in 2 of 9, reversed in 4 (−3.1 to +1.2 points)" */
function tally(pairs: readonly Ordering[]): string {
  const said = (what: string): number => pairs.filter(({ difference }) => difference.says === what).length;
  const values = pairs.map(({ difference }) => difference.value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const span = pairs.length === 1 ? signed(low) : `${signed(low)} to ${signed(high)}`;
  const reversed = said("below") > 0 ? `, reversed in ${said("below")}` : "";
  return `seen in ${said("above")} of ${pairs.length}${reversed} (${span})`;
}

/** In points, with its sign; "0.0" has none. */
function signed(value: number): string {
  const size = percent(Math.abs(value));
  return size === "0.0" ? size : `${value < 0 ? "−" : "+"}${size}`;
}

function standing({ standings, signs }: Findings): string {
  const others = standings.filter(({ variant }) => variant !== "baseline");
  const rows = others.map(({ variant, paper, all, masked, verdict }) => [
    ...[variant, signed(paper.value), signed(all.value), percent(masked.value), verdict],
  ]);
  const seen = [...signs].flatMap(([name, list]) => list.map((sign) => `- ${name}: ${sign}`));
  return [
    "Points of mean accuracy over the adaptive budgets, in ℓ∞: gain over the baseline under the worst of the paper's " +
      "adversaries; gain under the worst of all; accuracy that survives the paper's adversaries and not the others. A gain " +
      "holds up if it is there under all adversaries; it is masking if it is there under the paper's alone.",
    table(["classifier", "gain, paper's", "gain, all", "lost to the others", "verdict"], rows),
    ...(seen.length > 0 ? [`Signs of masked gradients:\n\n${seen.join("\n")}`] : []),
  ].join("\n\n");
}

function samples({ samples }: Findings): string {
  const rows = Object.entries(samples).map(([kind, { nearest, entropy }]) => [
    ...[kind, nearest.toFixed(2), entropy.toFixed(3)],
  ]);
  return (
    "Median distance (ℓ2) from the nearest training image, and the baseline's entropy: which Eq. (9) is to lower.\n\n" +
    table(["rows", "nearest", "entropy"], rows)
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
