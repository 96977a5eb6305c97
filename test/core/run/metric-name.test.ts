/** Numbers in names are compared as numbers. */
import t from "tap";
import {
  canonicalName,
  fractionText,
  isPause,
  judgeExpectations,
  nameAmong,
  type RunEvent,
  readableName,
} from "../../../core/mod.ts";
// @ts-expect-error the page's modules have no declarations
import { budget, readable } from "../../../server/http/page/format.js";

t.test("one number has one name, however it is written", (t) => {
  for (const name of [
    "m.pgd@0.10",
    "m.pgd@0.1",
    "m.pgd@1e-1",
    "m.pgd@1E-1",
    "m.pgd@1/10",
    "m.pgd@00.1",
    "m.pgd@.1",
    "m.pgd@+.10",
  ])
    t.equal(canonicalName(name), "m.pgd@0.1");
  for (const name of ["m@1e-6", "m@0.000001", "m@1.0e-06", "m@0.1e-5"])
    t.equal(canonicalName(name), "m@0.000001");
  for (const name of ["m@0", "m@0.0", "m@0e5", "m@0/255"]) t.equal(canonicalName(name), "m@0");
  t.equal(canonicalName("m@8/255"), `m@${8 / 255}`);
  t.equal(canonicalName("ours_0.20_w1.clean"), "ours_0.2_w1.clean");
  for (const name of ["w10.clean", "layer.10", "fgsm-l2", "share.70", "m@1e", "0x10"])
    t.equal(canonicalName(name), name);
  t.end();
});

t.test("budgets are shown as they were written: as fractions where a decimal has no end", (t) => {
  for (const text of ["1/255", "4/255", "8/255", "16/255", "1/3", "2/7", "300/255"]) {
    const [above, below] = text.split("/").map(Number);
    const value = above! / below!;
    const reduced = text === "300/255" ? "300/255" : text;
    t.equal(fractionText(value), reduced);
    t.equal(budget(value), reduced, "on the page too");
    t.equal(readableName(`m.pgd@${value}`), `m.pgd@${reduced}`);
    t.equal(readable(`m.pgd@${value}`), `m.pgd@${reduced}`);
    t.equal(canonicalName(readableName(`m.pgd@${value}`)), `m.pgd@${value}`, "it is the same metric");
  }
  t.equal(fractionText(Number((8 / 255).toPrecision(7))), "8/255", "as tables have it");
  for (const value of [
    0,
    0.1,
    0.25,
    0.2,
    0.0314,
    0.031373,
    1,
    1e-7,
    12345678,
    Math.PI,
    Math.SQRT1_2,
    -4 / 255,
  ])
    t.equal(fractionText(value), String(value));
  for (const name of [
    "m.pgd@0.1",
    "m.pgd@0.10",
    "m.step-log-odds@0.0314",
    "layer12345678",
    "m@8/255",
    "m.clean",
  ]) {
    t.equal(readableName(name), name);
    t.equal(readable(name), name);
  }
  t.end();
});

t.test("a name is itself before it is another's spelling, and nothing where it could be two", (t) => {
  t.equal(nameAmong("m@0.10", ["m@0.1", "m@0.10"]), "m@0.10");
  t.equal(nameAmong("m@1e-1", ["m@0.1", "m@0.10"]), undefined);
  t.equal(nameAmong("m@1e-1", ["m@0.1", "n@0.1"]), "m@0.1");
  t.end();
});

t.test("expectations and pauses find their metric", (t) => {
  const metrics = { "m.a@0": 1, "m.a@0.000001": 0.9, "m.a@0.1": 0.5, [`m.a@${8 / 255}`]: 0.7 };
  const names = ["m.a@0.0", "m.a@1e-6", "m.a@0.10", "m.a@8/255"];
  const judged = judgeExpectations(
    Object.fromEntries(names.map((name) => [name, { atLeast: 0.5 }])),
    metrics,
  );
  t.match(
    judged,
    names.map((metric) => ({ metric, met: true })),
  );
  t.match(judgeExpectations({ "m.a@0.2": { atLeast: 0 } }, metrics), [{ met: false }]);
  const event = { type: "progress", stage: "s", step: 1, steps: 2, values: { "a@0.1": 1 } };
  t.ok(isPause(event as unknown as RunEvent, { step: 1, metric: "a@0.10" }));
  t.notOk(isPause(event as unknown as RunEvent, { step: 1, metric: "a@0.2" }));
  t.end();
});
