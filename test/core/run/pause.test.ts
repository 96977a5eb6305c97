/** Where runs pause. */
import t from "tap";
import { isPause, numbersAt, type RunEvent } from "../../../core/mod.ts";

const progress = (stage: string, step: number, values: Record<string, number>): RunEvent => ({
  ...{ seq: 1, time: "", type: "progress", stage, step, steps: 100, values },
});

t.test("a run pauses at the first report of the number from the step on", (t) => {
  const events = [
    progress("prepare", 40, { loss: 9 }),
    progress("train", 10, { loss: 3, coverage: 0.1 }),
    progress("train", 20, { loss: 2 }),
    progress("train", 20, { coverage: 0.2 }),
    progress("train", 30, { loss: 1, coverage: 0.3 }),
  ];
  const point = { step: 15, metric: "coverage" };
  t.same(
    events.map((event) => isPause(event, point)),
    [false, false, false, true, true],
  );
  t.same(numbersAt(events, point), { loss: 2, coverage: 0.2 }, "and no number of later or of another stage");
  t.same(numbersAt(events, { step: 15 }), { loss: 9 }, "any report will do where no number is asked for");
  t.equal(numbersAt(events, { step: 31, metric: "coverage" }), undefined);
  t.end();
});
