/** The fold of a run's events. */
import t from "tap";
import type { RunEvent } from "../../../core/mod.ts";
import { newDigest } from "../../../server/events/digest.ts";
import { ended, event, progress, stage } from "../http-fixtures.ts";

const linesOf = (events: readonly RunEvent[]): string =>
  events.map((each) => `${JSON.stringify(each)}\n`).join("");

t.test("newDigest() folds the same, whether lines come one by one or together", (t) => {
  const events: RunEvent[] = [event(1, { type: "stage", stage: "train", steps: 1000 })];
  for (let step = 1; step <= 300; step++) {
    const values = step % 7 === 0 ? { loss: Number.NaN } : { loss: step / 3, 'odd "name"': -1e-9 * step };
    events.push(progress(1 + step, step, values));
  }
  const [whole, single] = [newDigest(), newDigest()];
  whole.add(linesOf(events));
  for (const each of events) single.add(linesOf([each]));
  for (const digest of [whole, single]) {
    t.equal(digest.last, 301);
    t.match(digest.stages, [{ stage: "train", step: 300, steps: 1000, seen: events.at(-1)!.time }]);
    t.ok(Math.abs(digest.rate! - 100) < 1e-6, "a step each ten milliseconds");
    t.ok(Math.abs(digest.left! - 7) < 1e-6);
    t.same(
      digest.curves.map(({ metric }) => metric),
      ["loss", 'odd "name"'],
    );
  }
  const points = whole.curves.map((curve) => curve.line());
  t.same(
    single.curves.map((curve) => curve.line()),
    points,
  );
  t.equal(points[0]!.x.length, 300);
  t.ok(Number.isNaN(points[0]!.y[6]), "NaN is a gap");
  t.equal(points[1]!.y[0], -1e-9);
  t.end();
});

t.test("newDigest() replaces the points of steps that are run again", (t) => {
  const digest = newDigest();
  digest.add(linesOf([1, 2, 3, 4].map((step) => progress(step, step, { loss: step }))));
  digest.add(linesOf([3, 4].map((step) => progress(step + 2, step, { loss: 10 * step }))));
  const { x, y } = digest.curves[0]!.line();
  t.same(
    [[...x], [...y]],
    [
      [1, 2, 3, 4],
      [1, 2, 30, 40],
    ],
  );
  t.end();
});

t.test("newDigest() takes an end back where the run is resumed", (t) => {
  const digest = newDigest();
  const judged = { metric: "x", expected: "at least 2", met: false };
  digest.add(
    linesOf([
      stage(1),
      event(2, { type: "warning", message: "careful" }),
      event(3, { type: "expectation", ...judged }),
      ended(4),
    ]),
  );
  t.equal(digest.ended?.seq, 4);
  t.same(digest.expectations, [judged]);
  t.equal(digest.rate, undefined);
  const engine = { name: "cpu", version: "1", device: "", reason: "" };
  digest.add(linesOf([event(5, { type: "resumed", from: null, engine, notes: [] })]));
  t.equal(digest.ended, undefined);
  t.same(digest.expectations, []);
  t.same(digest.warnings, ["careful"]);
  t.end();
});

t.test("newDigest() passes over a line that is not JSON", (t) => {
  const digest = newDigest();
  digest.add(`${JSON.stringify(stage(1))}\n{"seq":2,"ti\n${JSON.stringify(stage(3))}\n`);
  t.equal(digest.last, 3);
  t.end();
});
