/**
 * What every measure of robustness must do. Plugin authors call this from their own tests, after choosing an engine.
 *
 * @module
 */
import { type Classifier, judgeOf, Key, type Range, tf, transientState } from "../../core/mod.ts";
import type { Finding, Images, RobustnessMeasure } from "../../plugins/robustness/mod.ts";
import { smallConv } from "./small-classifiers.ts";
import type { Tester } from "./tester.ts";

/** What a measure is checked on. */
export interface RobustnessMeasureCheck {
  /** A small convolutional network unless given. */
  readonly classifier?: Classifier;
  /** How many images there are, ≥ 3; 7 unless given. */
  readonly images?: number;
}

/**
 * Checks a measure against its contract: finite metrics, accuracies within their intervals, tables as long as they say; it is
 * a function of its key, and leaves no tensor behind. That it can be interrupted and resumed is for `checkApplication`, with a
 * scenario of `evaluate-robustness`.
 */
export async function checkRobustnessMeasure(
  t: Tester,
  measure: RobustnessMeasure,
  { classifier = smallConv(), images: n = 7 }: RobustnessMeasureCheck = {},
): Promise<void> {
  t.ok(/^[\w.-]+$/.test(measure.name), `has a name that can be a file's, got ${measure.name}`);
  measure.check?.(classifier);
  const images = await imagesFor(classifier, n);
  const asked = new Another(classifier);
  const run = async (batch: number): Promise<Finding> => {
    const key = Key.from("robustness measure");
    const events = measure.measure({
      ...{ classifier: asked, images, batch, key, state: transientState(), stage: "measure" },
    });
    for (;;) {
      const { done, value } = await events.next();
      if (done) return value;
      t.ok(typeof value.type === "string", "yields events");
    }
  };
  const before = tf.memory().numTensors;
  const first = await run(3); // the last batch is short
  t.equal(tf.memory().numTensors, before, "leaves no tensor behind");
  checkFinding(t, first, n);
  t.same(await run(3), first, "is a function of its key: the same again");
}

/** A classifier of a class: its methods work on it alone, so a measure that takes them off it fails. */
class Another implements Classifier {
  readonly #inner: Classifier;
  readonly name: string;
  readonly inputShape: readonly number[];
  readonly classes: number;
  readonly bounds: Range;

  constructor(inner: Classifier) {
    this.#inner = inner;
    ({ name: this.name, inputShape: this.inputShape, classes: this.classes, bounds: this.bounds } = inner);
  }

  logits(x: tf.Tensor, key?: Key): tf.Tensor2D {
    return this.#inner.logits(x, key);
  }

  dispose(): void {}
}

async function imagesFor(classifier: Classifier, n: number): Promise<Images> {
  const x = Key.from("images").uniform([n, ...classifier.inputShape], ...classifier.bounds);
  const judge = judgeOf(classifier);
  const labels = [...(await judge.predict(x))];
  const values = Float32Array.from(await x.data());
  judge.dispose();
  x.dispose();
  return { values, labels, shape: classifier.inputShape, rows: labels.map((_, i) => 2 * i) };
}

function checkFinding(t: Tester, { metrics, curves = [], each, warnings = [] }: Finding, n: number): void {
  t.ok(Object.keys(metrics).length > 0, "gives at least one metric");
  for (const [name, value] of Object.entries(metrics)) {
    t.ok(Number.isFinite(value), `${name} is a finite number, got ${value}`);
  }
  for (const { name, points } of curves) {
    const fine = points.every(
      ({ value, low, high }) => 0 <= low && low <= value && value <= high && high <= 1,
    );
    t.ok(fine, `${name}: accuracies are shares within their intervals`);
  }
  for (const [name, column] of Object.entries(each?.columns ?? {})) {
    t.equal(column.length, each!.images.length, `${name} has a number for each image`);
  }
  t.ok(
    (each?.images ?? []).every((image) => image >= 0 && image < n),
    "each image is one of those given",
  );
  t.ok(
    warnings.every((text) => text !== ""),
    "warnings have words",
  );
}
