/**
 * What every measure must do. Plugin authors call this from their own tests, after choosing an engine.
 *
 * @module
 */
import {
  DEFAULT_SENTINELS,
  Key,
  type Measure,
  type MeasureInput,
  type TargetDistributionSpec,
  tf,
  transientState,
} from "../../core/mod.ts";
import type { Tester } from "./tester.ts";

/**
 * Checks a measure on a target that it is meant for, with rows of pdBar in place of generated ones.
 * @param target such as `check()` of the measure lets pass
 */
export async function checkMeasure(
  t: Tester,
  measure: Measure,
  target: TargetDistributionSpec,
): Promise<void> {
  t.ok(measure.name, "has a name");
  measure.check?.(target);
  const run = async (): Promise<Readonly<Record<string, number>>> => {
    const input: MeasureInput = {
      target,
      pg: target.pdBar,
      key: Key.from("measure"),
      state: transientState(),
      sentinels: DEFAULT_SENTINELS,
      stage: "measure",
    };
    const events = measure.measure(input);
    for (;;) {
      const { done, value } = await events.next();
      if (done) return value;
      t.ok(typeof value.type === "string", "yields events");
    }
  };
  const before = tf.memory().numTensors;
  const first = await run();
  t.equal(tf.memory().numTensors, before, "leaves no tensor behind");
  t.ok(Object.keys(first).length > 0, "gives at least one number");
  for (const [name, value] of Object.entries(first)) {
    t.ok(Number.isFinite(value), `${name} is a finite number, got ${value}`);
  }
  t.same(await run(), first, "is a function of its key: the same numbers again");
}
