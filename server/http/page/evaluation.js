/**
 * Accuracy under attack, from the tables that evaluations keep as CSV: any with the columns classifier, attack, norm,
 * epsilon and accuracy.
 *
 * @typedef {{ classifier: string, attack: string, norm: string, epsilon: number, accuracy: number, low: number, high: number }} Point
 * @typedef {{ attack: string, norm: string, lines: { classifier: string, points: Point[] }[] }} Panel
 * @typedef {{ classifiers: string[], panels: Panel[] }} Evaluation
 */

/** Names of the files that may be such a table. */
export const TABLES = /\/(curves|accuracy)\.csv$/;
const COLUMNS = ["classifier", "attack", "norm", "epsilon", "accuracy"];

/** @param {string} csv @returns {Evaluation | undefined} undefined where it is another table */
export function evaluationOf(csv) {
  const [head = "", ...lines] = csv.trim().split("\n");
  const names = head.trim().split(",");
  if (!COLUMNS.every((name) => names.includes(name))) return undefined;
  /** @type {Point[]} */
  const points = [];
  for (const line of lines) {
    const cells = line.trim().split(",");
    const cell = (/** @type {string} */ name) => cells[names.indexOf(name)] ?? "";
    const [classifier, attack, norm] = [cell("classifier"), cell("attack"), cell("norm")];
    const accuracy = Number(cell("accuracy"));
    const [low, high] = [Number(cell("low") || accuracy), Number(cell("high") || accuracy)];
    points.push({ classifier, attack, norm, epsilon: Number(cell("epsilon")), accuracy, low, high });
    const clean = cell("clean");
    if (clean !== "" && clean !== "NaN") {
      const value = Number(clean);
      points.push({ classifier, attack, norm, epsilon: 0, accuracy: value, low: value, high: value });
    }
  }
  const groups = Map.groupBy(points, ({ attack, norm }) => JSON.stringify([attack, norm]));
  const panels = [...groups.values()].map((group) => panelOf(group));
  panels.sort((a, b) => Number(isWorst(b)) - Number(isWorst(a))); // what counts comes first
  return { classifiers: [...new Set(points.map(({ classifier }) => classifier))], panels };
}

/** @param {Panel} panel */
function isWorst({ attack }) {
  return attack.startsWith("worst");
}

/** @param {Point[]} points @returns {Panel} */
function panelOf(points) {
  const { attack = "", norm = "" } = points[0] ?? {};
  const lines = [...Map.groupBy(points, ({ classifier }) => classifier)].map(([classifier, own]) => ({
    classifier,
    points: [...new Map(own.map((point) => [point.epsilon, point])).values()].sort(
      (a, b) => a.epsilon - b.epsilon,
    ),
  }));
  return { attack, norm, lines };
}

/** The largest epsilon at which every line of a panel has a point. @param {Panel} panel */
export function largestOf({ lines }) {
  const shared = lines.map(({ points }) => new Set(points.map(({ epsilon }) => epsilon)));
  const [first = new Set()] = shared;
  return Math.max(0, ...[...first].filter((epsilon) => shared.every((set) => set.has(epsilon))));
}

/** Classifiers of one kind share a stroke: what stands before the first `_` or digit. @param {readonly string[]} classifiers */
export function familiesOf(classifiers) {
  const names = classifiers.map((name) => /^[^_\d]+/.exec(name)?.[0] ?? name);
  const all = [...new Set(names)];
  return names.map((name) => all.indexOf(name));
}
