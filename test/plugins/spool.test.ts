import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { RUN_FILES, RunError, type RunEvent, RunLost, type RunWriter, type Store } from "../../core/mod.ts";
import { memoryStore } from "../../plugins/stores/memory/memory.ts";
import { thisProcess } from "../../plugins/stores/process.ts";
import { spooled } from "../../plugins/stores/spool/spool.ts";
import { checkLeases } from "../conformance/leases.ts";
import { checkStore } from "../conformance/store.ts";

const LEASE = 1000;
const stage = (seq: number): RunEvent => ({
  seq,
  time: "2026-11-22T10:00:00.000Z",
  type: "stage",
  stage: "é",
});
const ended: RunEvent = {
  seq: 9,
  time: "2026-11-22T10:00:00.000Z",
  type: "ended",
  status: "passed",
  seconds: 1,
};

/** A store in memory whose writers fail while a function says so, and the calls that came through, in order. */
function flaky(failing: (call: string) => Error | undefined): {
  readonly store: Store;
  readonly calls: string[];
} {
  const calls: string[] = [];
  const pass = async (call: string, then: () => Promise<void>): Promise<void> => {
    const error = failing(call);
    if (error !== undefined) throw error;
    await then();
    calls.push(call);
  };
  const store = memoryStore();
  const changed = (writer: RunWriter): RunWriter => ({
    ...writer,
    append: (event) => pass(`event ${event.seq}`, () => writer.append(event)),
    write: (path, data) => pass(`write ${path}`, () => writer.write(path, data)),
    remove: (path) => pass(`remove ${path}`, () => writer.remove(path)),
    close: () => pass("close", () => writer.close()),
  });
  return { store: { ...store, create: async (...given) => changed(await store.create(...given)) }, calls };
}

await t.test("a store keeps the contract behind a spool", async (t) => {
  const folder = t.testdir();
  await checkStore(t, () => spooled(memoryStore(), { folder }));
  await checkLeases(t, {
    lease: LEASE,
    runs() {
      const runs = new Map();
      return (machine) => spooled(memoryStore({ machine, lease: LEASE, runs }), { folder });
    },
  });
});

await t.test("nothing waits for the store but the end, and the order stays", async (t) => {
  let isAway = true;
  const { store, calls } = flaky(() => (isAway ? new RunError("away") : undefined));
  const writer = await spooled(store, { folder: t.testdir(), pause: 5 }).create("demo");
  await writer.append(stage(1));
  await writer.write("checkpoints/1.bin", "one");
  await writer.append(stage(2));
  await writer.append(stage(3));
  await writer.write("checkpoints/2.bin", "two");
  await writer.remove("checkpoints/1.bin");
  await writer.append(stage(4));
  t.strictSame(calls, [], "all of it resolved while nothing could be stored");
  const result = writer.write(RUN_FILES.result, "{}").then(() => calls.push("the result is told"));
  const end = writer.append(ended).then(() => calls.push("the end is told"));
  t.strictSame(calls, []);
  isAway = false;
  await Promise.all([result, end]);
  await writer.close();
  t.strictSame(calls, [
    "event 1",
    "write checkpoints/1.bin",
    "event 2",
    "event 3",
    "write checkpoints/2.bin",
    "remove checkpoints/1.bin",
    "event 4",
    `write ${RUN_FILES.result}`,
    "the result is told",
    "event 9",
    "the end is told",
    "close",
  ]);
  const reader = await store.open(writer.id);
  t.strictSame(await reader.events(), [...[1, 2, 3, 4].map(stage), ended]);
  t.equal(new TextDecoder().decode(await reader.read("checkpoints/2.bin")), "two");
});

await t.test("an event that failed is sent again, those that were stored are not", async (t) => {
  const fail = new Set(["event 3", "event 5"]);
  const { store, calls } = flaky((call) => (fail.delete(call) ? new RunError("a moment") : undefined));
  const writer = await spooled(store, { folder: t.testdir(), pause: 5 }).create("demo");
  for (let seq = 1; seq <= 6; seq++) await writer.append(stage(seq));
  await writer.close();
  t.strictSame(calls, ["event 1", "event 2", "event 3", "event 4", "event 5", "event 6", "close"]);
});

await t.test(
  "a run that was lost while it was shipped is told by what comes next, and by close()",
  async (t) => {
    const lost = new RunLost("taken over");
    const { store, calls } = flaky((call) => (call === "event 2" || call === "close" ? lost : undefined));
    const folder = t.testdir();
    const writer = await spooled(store, { folder, pause: 5 }).create("demo");
    await writer.append(stage(1));
    await writer.append(stage(2));
    await t.rejects(writer.flush!(), RunLost);
    await t.rejects(writer.append(stage(3)), RunLost);
    await t.rejects(writer.write("late.txt", "x"), RunLost);
    await t.rejects(writer.append(ended), RunLost);
    await t.rejects(writer.close(), RunLost);
    await writer.close();
    t.strictSame(calls, ["event 1"]);
    t.strictSame(readdirSync(folder), [], "and the spool is empty");
  },
);

await t.test("a store that stays away is given up at the end, saying what is missing", async (t) => {
  const { store } = flaky((call) => (call.startsWith("event") ? new RunError("away") : undefined));
  const writer = await spooled(store, { folder: t.testdir(), pause: 1, attempts: 3 }).create("demo");
  await writer.append(stage(1));
  await writer.append(stage(2));
  await writer.write("a.txt", "a");
  const message = /^away\. Not stored: 2 events and 1 files at the end of run demo-1; whoever resumes/;
  await t.rejects(writer.write(RUN_FILES.result, "{}"), { name: "RunError", message });
  await t.rejects(writer.append(ended), { name: "RunError", message }, "at once from then on");
  await t.rejects(writer.close(), { name: "RunError", message });
});

await t.test("what will never pass is not tried again", async (t) => {
  let tries = 0;
  const { store } = flaky((call) => {
    if (!call.startsWith("event")) return undefined;
    tries++;
    return new RunError("no such table");
  });
  const writer = await spooled(store, { folder: t.testdir(), isLasting: () => true }).create("demo");
  await writer.append(stage(1));
  await t.rejects(writer.flush!(), { name: "RunError", message: /no such table/ });
  await t.rejects(writer.append(stage(2)), { name: "RunError", message: /no such table/ });
  await t.rejects(writer.close(), RunError);
  t.equal(tries, 1);
});

await t.test("what processes leave that died is removed, and nothing else", async (t) => {
  const folder = t.testdir({
    "run-dead": { "process.json": JSON.stringify({ ...thisProcess(), began: "0" }), events: "x" },
    "run-alive": { "process.json": JSON.stringify(thisProcess()) },
    "run-elsewhere": { "process.json": JSON.stringify({ ...thisProcess(), machine: "another" }) },
    other: {},
  });
  const writer = await spooled(memoryStore(), { folder }).create("demo");
  const names = readdirSync(folder).filter((name) => !/^run-......$/.test(name));
  t.strictSame(names.sort(), ["other", "run-alive", "run-elsewhere"]);
  await writer.close();
});

await t.test("a spool that cannot be written is told before a run begins", async (t) => {
  const dir = t.testdir({ file: "x" });
  const store = memoryStore();
  await t.rejects(spooled(store, { folder: join(dir, "file") }).create("demo"), {
    name: "InputError",
    message: /cannot spool to .*file: /,
  });
  t.strictSame(await store.list(), []);
  mkdirSync(join(dir, "spool"));
  writeFileSync(join(dir, "spool", "events"), "");
  await t.rejects(spooled(store, { folder: join(dir, "spool") }).resume("absent"), { name: "InputError" });
  t.strictSame(readdirSync(join(dir, "spool")), ["events"], "nothing is left where the store refuses");
});
