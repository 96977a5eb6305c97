/**
 * What every target must do. Plugin authors call this from their own tests, after choosing an engine.
 *
 * @module
 */
import { Key, type TargetDistributionSpec } from "../../core/mod.ts";
import { checkSampler } from "./sampler.ts";
import type { Tester } from "./tester.ts";

/** Holds a target against its contract. */
export async function checkTarget(t: Tester, target: TargetDistributionSpec): Promise<void> {
  t.ok(target.name, "has a name");
  t.ok(target.alpha >= 0 && target.alpha < 1, `alpha in [0, 1), got ${target.alpha}`);
  await checkSampler(t, "pd", target.pd, target);
  await checkSampler(t, "pdBar", target.pdBar, target);
  const { geometry, classes } = target;
  if (geometry !== undefined) {
    const rows = target.pdBar(Key.from("geometry"), 20);
    const { offset, position } = geometry.locate(Float32Array.from(await rows.data()));
    rows.dispose();
    t.same([offset.length, position.length], [20, 20], "geometry: locates rows of pdBar");
  }
  if (classes !== undefined) {
    const present = new Set(classes.data.labels);
    for (const label of [...classes.pd, ...classes.pdBar]) {
      t.ok(present.has(label), `classes: class ${label} is in the data`);
    }
    t.ok(
      classes.pdBar.some((label) => !classes.pd.includes(label)),
      "classes: pdBar has a class that pd lacks",
    );
    t.same(classes.data.shape, target.shape, "classes: the data's shape is the target's");
  }
}
