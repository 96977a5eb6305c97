/**
 * What every store must do about its writers: one at a time, and none that was replaced. {@link checkWriters} is a part
 * of `checkStore`; {@link checkLeases} needs a store whose leases are short.
 *
 * @module
 */
import {
  InputError,
  type Machine,
  RUN_FILES,
  type RunEvent,
  RunExists,
  RunLost,
  type RunWriter,
  type Store,
  thisMachine,
} from "../../core/mod.ts";
import { settled } from "./settled.ts";
import type { Tester } from "./tester.ts";

const stage = (seq: number, name = "train"): RunEvent => ({
  seq,
  time: "2026-11-22T10:00:00.000Z",
  type: "stage",
  stage: name,
});

const bad = [
  "",
  ".",
  "..",
  "../x",
  "a/b",
  "a b",
  "a\\b",
  "ü",
  ".a",
  "-a",
  "a.",
  "nul",
  "x".repeat(201),
  "a%20b",
  "a\n",
];

/** Every call of a writer whose run another has taken over is refused, and nothing of it is seen. */
async function checkRefused(t: Tester, lost: RunWriter, store: Store): Promise<void> {
  const reader = await store.open(lost.id);
  const before = {
    events: await reader.events(),
    files: await reader.files(""),
    owner: await reader.owner(),
  };
  const note = await reader.read("note.txt");
  const calls: Record<string, () => Promise<void>> = {
    append: () => lost.append(stage(99, "of a writer that was replaced")),
    "write, of a new file": () => lost.write("late.txt", "x"),
    "write, of a file that is there": () => lost.write("note.txt", "x"),
    "write, of the result": () => lost.write(RUN_FILES.result, "{}"),
    remove: () => lost.remove("note.txt"),
    "remove, of a file that is not there": () => lost.remove("absent.txt"),
    close: () => lost.close(),
  };
  for (const [name, call] of Object.entries(calls)) await t.rejects(call(), RunLost, `${name} is refused`);
  t.ok(lost.lost.aborted, "its signal tells it");
  t.ok(lost.lost.reason instanceof RunLost, "with the RunLost as its reason");
  await lost.close(); // a second time, which does nothing
  t.same(await reader.events(), before.events, "no event of a writer that was replaced is seen");
  t.same(await reader.files(""), before.files, "no file was added or removed");
  t.same(await reader.read("note.txt"), note, "no file was replaced");
  t.equal(await reader.result(), undefined, "no result was written");
  t.equal((await reader.owner())?.epoch, before.owner?.epoch, "the lease of the new writer stands");
}

/** Checks who may write a run. @param makeStore a new store without runs at each call */
export async function checkWriters(tap: Tester, makeStore: () => Store | Promise<Store>): Promise<void> {
  await tap.test("create() gives a run the id that it is told, once", async (t) => {
    const store = await makeStore();
    const writer = await store.create("demo", { id: "Sweep-1.trial_2" });
    t.equal(writer.id, "Sweep-1.trial_2");
    t.ok(writer.location.includes(writer.id), `${writer.location} has the id in it`);
    await writer.append(stage(1));
    await t.rejects(store.create("demo", { id: writer.id }), RunExists, "while it is written");
    t.match(await store.glance(writer.id), { run: writer.id, scenario: "demo", status: "running" });
    await writer.close();
    await t.rejects(store.create("other", { id: writer.id }), RunExists, "afterwards");
    t.same(await (await store.open(writer.id)).events(), [stage(1)], "what is there stays");
    t.same(await store.list(), [writer.id]);
    const tries = await Promise.allSettled([1, 2, 3, 4].map(() => store.create("demo", { id: "same" })));
    const made = tries.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    t.equal(made.length, 1, "of several who try at once, one");
    for (const one of tries) {
      if (one.status === "rejected")
        t.ok(one.reason instanceof RunExists, "the others are told that it exists");
    }
    for (const one of made) await one.close();
    await (await store.resume("same")).close();
    for (const id of bad) await t.rejects(store.create("demo", { id }), InputError, JSON.stringify(id));
    t.equal((await store.list()).length, 2);
  });

  await tap.test("owner() tells the writer of a run", async (t) => {
    const store = await makeStore();
    const before = new Date().toISOString();
    const writer = await store.create("demo");
    t.equal(writer.epoch, 1);
    const owner = (await (await store.open(writer.id)).owner())!;
    t.equal(owner.epoch, 1);
    t.ok(owner.host !== "" && owner.pid >= 0, `process ${owner.pid} on ${owner.host}`);
    t.ok(owner.since >= before && owner.since <= new Date().toISOString(), `since ${owner.since}`);
    t.ok(owner.until >= before, `until ${owner.until}`);
    await writer.close();
    const second = await store.resume(writer.id);
    t.equal(second.epoch, 2, "each writer has a higher number");
    t.equal((await (await store.open(writer.id)).owner())?.epoch, 2);
    await second.close();
  });

  await tap.test(
    "resume() takes a run over whose writer is known to be gone, and that one is refused",
    async (t) => {
      const store = await makeStore();
      const first = await store.create("demo");
      await first.append(stage(1));
      await first.write("note.txt", "kept");
      await t.rejects(store.resume(first.id, { gone: first.epoch + 1 }), InputError, "another one was meant");
      const second = await store.resume(first.id, { gone: first.epoch });
      t.equal(second.epoch, first.epoch + 1);
      await second.append(stage(2));
      await checkRefused(t, first, store);
      await t.rejects(
        store.resume(first.id, { gone: first.epoch }),
        InputError,
        "that writer is not the holder now",
      );
      await second.append(stage(3));
      await second.write("note.txt", "of the second");
      t.equal(second.lost.aborted, false);
      await second.close();
      t.same(await (await store.open(first.id)).events(), [stage(1), stage(2), stage(3)]);
      t.equal((await store.glance(first.id)).status, "abandoned");
    },
  );

  await tap.test("of several who resume a run at once, one has it", async (t) => {
    const store = await makeStore();
    const writer = await store.create("demo");
    await writer.append(stage(1));
    for (const gone of [writer.epoch, undefined]) {
      const tries = await Promise.allSettled(
        Array.from({ length: 8 }, () => store.resume(writer.id, { gone })),
      );
      const won = tries.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
      t.equal(won.length, 1, "one has it");
      for (const one of tries) {
        if (one.status === "rejected")
          t.match(one.reason, { name: "InputError", message: "is being written by" });
      }
      for (const one of won) await one.append(stage(one.epoch));
      for (const one of won) await one.close();
      t.same(
        (await (await store.open(writer.id)).events()).map(({ seq }) => seq),
        won.length === 1 ? Array.from({ length: won[0]!.epoch }, (_, i) => i + 1) : [],
      );
    }
  });
}

/** A machine that can be stopped, as by SIGSTOP or a lost network, and whose clock may be wrong. */
interface TestMachine extends Machine {
  isStopped: boolean;
}

function testMachine(skew = 0): TestMachine {
  const machine: TestMachine = {
    isStopped: false,
    now: () => thisMachine.now() + skew,
    every: (milliseconds, call) => thisMachine.every(milliseconds, () => !machine.isStopped && call()),
  };
  return machine;
}

/** What {@link checkLeases} is done with. */
export interface LeasedStores {
  /** Milliseconds that a lease of these stores lasts: a second, say. Machines under test stall for a part of one. */
  readonly lease: number;
  /** A new place for runs, without any. @returns a store of that place, as a process on a machine of its own has it */
  runs(): (machine: Machine) => Store | Promise<Store>;
}

const HOUR = 3_600_000;
/** Leases that a test waits for what must happen after one. */
const PATIENCE = 20;

/** Checks that a run is taken over once its lease has lapsed, and not before. */
export async function checkLeases(tap: Tester, { lease, runs: given }: LeasedStores): Promise<void> {
  const runs = (): ((machine: Machine) => Promise<Store>) => {
    const open = given();
    return async (machine) => settled(await open(machine));
  };
  const sleep = (leases: number): Promise<void> => new Promise((done) => setTimeout(done, leases * lease));
  /** Tries again until there is a result, or too long. */
  const eventually = async <T>(what: () => Promise<T | undefined>): Promise<T | undefined> => {
    for (let waited = 0; waited < PATIENCE; waited += 0.25) {
      const result = await what();
      if (result !== undefined) return result;
      await sleep(0.25);
    }
    return undefined;
  };
  const takenOver = (store: Store, id: string): Promise<RunWriter | undefined> =>
    eventually(() => store.resume(id).catch(refusedOnly));
  /** A run, begun on a machine. */
  const begun = async (store: Store): Promise<RunWriter> => {
    const writer = await store.create("demo");
    await writer.append(stage(1));
    await writer.write("note.txt", "kept");
    return writer;
  };

  await tap.test("a lease that is renewed holds", async (t) => {
    const open = runs();
    const writer = await begun(await open(testMachine()));
    const other = await open(testMachine());
    for (let i = 0; i < 3; i++) {
      await sleep(0.7);
      const refusal = { name: "InputError", message: "is being written by" };
      await t.rejects(other.resume(writer.id), refusal, "nobody has it before its lease has lapsed");
    }
    t.equal((await other.glance(writer.id)).status, "running");
    t.equal(writer.lost.aborted, false);
    await writer.append(stage(2));
    await writer.close();
    await sleep(2);
    t.equal(writer.lost.aborted, false, "a lease that was given up is not lost");
  });

  await tap.test(
    "a run whose writer has stopped is taken over, and that one refused when it wakes",
    async (t) => {
      const open = runs();
      const machine = testMachine();
      const writer = await begun(await open(machine));
      const other = await open(testMachine());
      machine.isStopped = true;
      const abandoned = await eventually(async () =>
        (await other.glance(writer.id)).status === "abandoned" ? true : undefined,
      );
      t.ok(abandoned, "glance() says that it is abandoned");
      t.equal(await (await other.open(writer.id)).owner(), undefined, "owner() that nobody writes it");
      const second = await takenOver(other, writer.id);
      t.equal(second?.epoch, 2, "it is taken over");
      if (second === undefined) return;
      await second.append(stage(2));
      machine.isStopped = false;
      await checkRefused(t, writer, other);
      t.equal((await other.glance(writer.id)).status, "running");
      await second.append(stage(3));
      await second.close();
      t.same(await (await other.open(writer.id)).events(), [stage(1), stage(2), stage(3)]);
    },
  );

  await tap.test("a writer is told that its run was taken over, though it writes nothing", async (t) => {
    const open = runs();
    const machine = testMachine();
    const writer = await begun(await open(machine));
    machine.isStopped = true;
    const second = await takenOver(await open(testMachine()), writer.id);
    machine.isStopped = false;
    const told = await eventually(async () => (writer.lost.aborted ? writer.lost.reason : undefined));
    t.ok(told instanceof RunLost, "by its signal");
    await t.rejects(writer.close(), RunLost);
    t.equal(second?.lost.aborted, false);
    await second?.close();
  });

  await tap.test("of several who take a lapsed run over at once, one has it", async (t) => {
    const open = runs();
    const machine = testMachine();
    const writer = await begun(await open(machine));
    machine.isStopped = true;
    const others = await Promise.all([1, 2, 3, 4].map(() => open(testMachine())));
    const won = await eventually(async () => {
      const tries = await Promise.all(others.map((store) => store.resume(writer.id).catch(refusedOnly)));
      const some = tries.filter((one) => one !== undefined);
      return some.length > 0 ? some : undefined;
    });
    t.equal(won?.length, 1);
    for (const one of won ?? []) await one.close().catch(() => {});
    await writer.close().catch(() => {});
  });

  for (const skew of [-HOUR, HOUR]) {
    await tap.test(`a clock that is an hour ${skew > 0 ? "ahead" : "behind"} changes nothing`, async (t) => {
      const open = runs();
      const machine = testMachine(skew);
      const writer = await begun(await open(machine));
      const other = await open(testMachine());
      await sleep(1.5);
      const before = new Date().toISOString();
      const owner = await (await other.open(writer.id)).owner();
      const latest = new Date(Date.now() + lease).toISOString();
      t.ok(
        owner && owner.until >= before && owner.until <= latest,
        `until ${owner?.until}, as seen at ${before}`,
      );
      t.equal((await other.glance(writer.id)).status, "running");
      await t.rejects(other.resume(writer.id), InputError, "a lease that is renewed holds");
      machine.isStopped = true;
      const second = await takenOver(other, writer.id);
      t.equal(second?.epoch, 2, "and is taken over once it has lapsed");
      await second?.append(stage(2));
      await t.rejects(writer.append(stage(2)), RunLost);
      await second?.close();
    });
  }
}

/** That a run is still held is no reason to give up. */
function refusedOnly(error: unknown): undefined {
  if (!(error instanceof InputError)) throw error;
  return undefined;
}
