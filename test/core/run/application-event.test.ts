import { lastValueFrom, toArray } from "rxjs";
import t from "tap";
import {
  type ApplicationEvent,
  checkApplicationEvent,
  type EventTypes,
  isOfApplication,
  type RunEvent,
  run,
} from "../../../core/mod.ts";
import { memoryStore } from "../../../plugins/stores/memory/memory.ts";
import { loadActing } from "../parts.ts";

const sha256 = "0".repeat(64);

const SOUND: readonly ApplicationEvent[] = [
  { type: "stage", stage: "train" },
  { type: "stage", stage: "train", steps: 0 },
  { type: "progress", stage: "train", step: 1, steps: 2 },
  { type: "progress", stage: "train", step: 1, steps: 2, values: { loss: Number.NaN } },
  { type: "artifact", path: "artifacts/deep/a.npy", title: "A", bytes: 0, sha256 },
  { type: "metrics", values: { error: 0.5 } },
  { type: "warning", message: "" },
  {
    type: "sentinel",
    kind: "runaway",
    step: 1,
    values: { loss: "NaN", usual: 1 },
    message: "m",
    action: "warn",
  },
];

t.test("checkApplicationEvent() lets every sound event pass as it is", (t) => {
  for (const event of SOUND) t.equal(checkApplicationEvent(event, "toy"), event);
  t.end();
});

t.test("checkApplicationEvent() names the application, the type and the fault", (t) => {
  const cases: [unknown, RegExp][] = [
    [undefined, /yielded undefined, which is not an event/],
    [null, /yielded null, which is not an event/],
    ["stage", /yielded "stage", which is not an event/],
    [{ stage: "train" }, /yielded {"stage":"train"}, which is not an event: it needs a "type"/],
    [{ type: 3 }, /it needs a "type"/],
    [{ type: "banana" }, /an event of type "banana"\. Applications yield stage, progress, artifact/],
    [{ type: "metric", values: {} }, /type "metric"; did you mean "metrics"\?/],
    [{ type: "toString" }, /an event of type "toString"\./],
    [{ type: "stage" }, /a malformed "stage" event: stage: is missing: expected a string/],
    [{ type: "stage", stage: "a", steps: -1 }, /malformed "stage" event: steps: expected at least 0, got -1/],
    [{ type: "progress", stage: "a", step: 0.5, steps: 2 }, /step: expected a whole number, got 0\.5/],
    [
      { type: "progress", stage: "a", step: 1, steps: 2, values: { loss: "1" } },
      /values\.loss: expected a number/,
    ],
    [{ type: "metrics", values: [1] }, /malformed "metrics" event: values: expected a mapping/],
    [{ type: "warning", message: new Error("no") }, /message: expected a string/],
    [
      { type: "artifact", path: "artifacts/../x", title: "", bytes: 1, sha256 },
      /path: expected the path of an/,
    ],
    [
      { type: "artifact", path: "scenario.yaml", title: "", bytes: 1, sha256 },
      /path: expected the path of an/,
    ],
    [{ type: "artifact", path: "artifacts/x", title: "", bytes: 1, sha256: "" }, /sha256: expected 64/],
    [{ type: "warning", message: "m", seq: 1 }, /malformed "warning" event: seq: unknown name/],
  ];
  for (const [event, message] of cases) {
    t.throws(() => checkApplicationEvent(event, "toy"), { name: "RunError", message }, JSON.stringify(event));
    t.throws(() => checkApplicationEvent(event, "toy"), { message: /^application "toy" yielded / });
  }
  t.end();
});

t.test("run() fails where its application yields an event of the run's own", async (t) => {
  const own: { [T in Exclude<keyof EventTypes, ApplicationEvent["type"]>]: EventTypes[T] } = {
    started: {
      run: "x",
      scenario: "x",
      application: "act",
      seed: 0,
      engine: { name: "", version: "", device: "", reason: "" },
      location: "",
    },
    resumed: { from: null, engine: { name: "", version: "", device: "", reason: "" }, notes: [] },
    checkpoint: { path: "checkpoints/000001.json", bytes: 1 },
    expectation: { metric: "m", expected: "at least 1", met: true },
    job: { job: { id: "x-seed0", run: "x-seed0" } },
    ended: { status: "passed", seconds: 1 },
  };
  for (const [type, body] of Object.entries(own)) {
    t.notOk(isOfApplication({ type: type as RunEvent["type"] }));
    const loaded = await loadActing(async function* () {
      yield { type: "stage", stage: "one" };
      yield { type, ...body } as never;
      yield { type: "stage", stage: "two" };
    });
    const events = await lastValueFrom(run(loaded, { store: memoryStore() }).pipe(toArray()));
    t.match(events, [
      { type: "started" },
      { type: "stage", stage: "one" },
      { type: "ended", status: "failed", error: `application "act" yielded an event of type "${type}"` },
    ]);
  }
});
