/** The pace of a stage. */
import t from "tap";
import { ISO_TIME, newPace, SECONDS } from "../../../server/events/pace.ts";

t.test("newPace() measures steps a second, and the time left, over the last twenty seconds", (t) => {
  const pace = newPace(SECONDS);
  pace.reach(0, 100);
  t.strictSame([pace.rate(), pace.left(1000)], [undefined, undefined], "one report has no rate");
  pace.reach(10, 110);
  t.strictSame([pace.rate(), pace.left(1000)], [1, 990], "a slow start");
  for (let i = 1; i <= 6; i++) pace.reach(10 + 100 * i, 110 + 10 * i);
  t.strictSame([pace.rate(), pace.left(1000)], [10, 39], "the slow start is forgotten");
  t.end();
});

t.test("newPace() has no rate while neither step nor time advance", (t) => {
  const pace = newPace(SECONDS);
  pace.reach(0, 5);
  pace.reach(7, 5);
  t.equal(pace.rate(), undefined, "no time has passed");
  pace.reach(7, 9);
  t.equal(pace.rate(), 7 / 4);
  t.end();
});

t.test("newPace() keeps two reports however far apart they are", (t) => {
  const pace = newPace(SECONDS);
  for (const [step, time] of [
    [0, 0],
    [1, 100],
    [2, 200],
  ] as const)
    pace.reach(step, time);
  t.equal(pace.rate(), 0.01);
  t.end();
});

t.test("newPace() spans twenty seconds of reports however dense, and parses few of their times", (t) => {
  let parsed = 0;
  const pace = newPace<string>({
    seconds: (time) => {
      parsed++;
      return ISO_TIME.seconds(time);
    },
    tenth: ISO_TIME.tenth,
  });
  let [step, clock] = [0, Date.UTC(2026, 0, 1)];
  /** A report each millisecond. */
  const run = (rate: number, seconds: number): void => {
    for (let i = 0; i < 1000 * seconds; i++) {
      step += rate / 1000;
      clock++;
      pace.reach(step, new Date(clock).toISOString());
    }
  };
  for (const [rate, seconds, expected] of [
    [1000, 60, 1000],
    [100, 60, 100],
    [50, 10, 75],
  ] as const) {
    run(rate, seconds);
    t.ok(Math.abs(pace.rate()! / expected - 1) < 0.01, `${pace.rate()} is about ${expected}`);
  }
  t.ok(parsed < 100, `${parsed} times were parsed of 130 000`);
  t.end();
});
