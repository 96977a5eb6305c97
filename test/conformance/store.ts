/**
 * What every store must do. A store's own test calls {@link checkStore} and adds what only it can do.
 *
 * @module
 */
import {
  glancesOf,
  InputError,
  RUN_FILES,
  RunError,
  type RunEvent,
  type RunGlance,
  RunLost,
  type RunResult,
  type Store,
} from "../../core/mod.ts";
import { checkWriters } from "./leases.ts";
import { settled } from "./settled.ts";
import type { Tester } from "./tester.ts";

const stage = (seq: number): RunEvent => ({
  seq,
  time: "2026-11-22T10:00:00.000Z",
  type: "stage",
  stage: `naïve ${"x".repeat(seq)}\nnext`,
});

const result: RunResult = {
  run: "demo",
  scenario: "demo",
  status: "missed",
  metrics: { coverage: 0.1 },
  expectations: [{ metric: "coverage", expected: "at least 0.9", value: 0.1, met: false }],
  seconds: 1.5,
};

const isSame = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);
const pause = (milliseconds: number): Promise<void> => new Promise((done) => setTimeout(done, milliseconds));

async function text(pieces: AsyncIterable<string>): Promise<string> {
  let all = "";
  for await (const piece of pieces) all += piece;
  return all;
}

async function whole(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return new Uint8Array(await new Blob(all as Uint8Array<ArrayBuffer>[]).arrayBuffer());
}

const outside = ["../x", "a/../../x", "/etc/passwd", "", ".", "a//b", "a/", "..\\x", "C:x", "a\0b", "./x"];

/**
 * Checks a store against its contract.
 * @param newStore a new store without runs at each call
 */
export async function checkStore(tap: Tester, newStore: () => Store | Promise<Store>): Promise<void> {
  const makeStore = async (): Promise<Store> => settled(await newStore());
  await tap.test("create() gives each run an id of its own, list() has the newest first", async (t) => {
    const store = await makeStore();
    t.same(await store.list(), []);
    const ids: string[] = [];
    for (const name of ["b", "a", "b", "c", "b"]) {
      const writer = await store.create(name);
      t.ok(writer.id.startsWith(`${name}-`), `${writer.id} begins with the scenario's name`);
      t.ok(writer.location.includes(writer.id), `${writer.location} has the id in it`);
      ids.push(writer.id);
      await writer.close();
    }
    t.equal(new Set(ids).size, ids.length);
    t.same(await store.list(), ids.toReversed());
  });

  await tap.test("create() at the same moment gives different runs", async (t) => {
    const store = await makeStore();
    const writers = await Promise.all(Array.from({ length: 20 }, () => store.create("same")));
    t.equal(new Set(writers.map((w) => w.id)).size, 20);
    t.equal((await store.list()).length, 20);
    await Promise.all(writers.map((w) => w.close()));
  });

  await tap.test("append() keeps events in order, at once and whole", async (t) => {
    const store = await makeStore();
    const writer = await store.create("demo");
    const reader = await store.open(writer.id);
    t.equal(reader.id, writer.id);
    t.same(await reader.events(), []);
    await writer.append(stage(1));
    t.same(await reader.events(), [stage(1)], "seen before the run ends");
    await Promise.all(Array.from({ length: 50 }, (_, i) => writer.append(stage(i + 2))));
    const all = Array.from({ length: 51 }, (_, i) => stage(i + 1));
    t.same(await reader.events(), all);
    t.same(await reader.events(49), [stage(50), stage(51)], "only those after `since`");
    t.same(await reader.events(51), []);
    await writer.close();
    t.same(await (await store.open(writer.id)).events(), all, "seen after the run ended");
    const lines = new TextDecoder()
      .decode(await reader.read(RUN_FILES.events))
      .trimEnd()
      .split("\n");
    t.same(
      lines.map((line) => JSON.parse(line)),
      all,
      "and as a file, one JSON event a line",
    );
  });

  await tap.test("events(), lines() and extent() agree, from any number on, at any length", async (t) => {
    const store = await makeStore();
    const writer = await store.create("demo");
    const reader = await store.open(writer.id);
    const { generation, last } = await reader.extent();
    t.equal(last, 0);
    t.same(await text(reader.lines()), "");
    const all: RunEvent[] = [];
    for (let seq = 1; seq <= 300; seq++) {
      // Some lines are longer than what is read at a time.
      const message = seq % 100 === 0 ? "é".repeat(3e5) : "é".repeat(seq);
      all.push({ seq, time: "2026-11-22T10:00:00.000Z", type: "warning", message });
    }
    await Promise.all(all.map((event) => writer.append(event)));
    const other = await store.open(writer.id);
    for (const since of [0, 299, 1, 2, 98, 99, 100, 101, 150, 199, 200, 250, 298, 300, 301, 9999]) {
      const rest = all.slice(since);
      for (const read of [reader, other, await store.open(writer.id)]) {
        t.same(await read.events(since), rest, `after ${since}`);
        t.equal(await text(read.lines(since)), rest.map((e) => `${JSON.stringify(e)}\n`).join(""));
      }
      t.same(await reader.events(since, 3), rest.slice(0, 3), `three after ${since}`);
    }
    t.same(await reader.events(0, 0), []);
    t.equal((await reader.extent()).last, 300);
    await writer.append(stage(301));
    t.same(await reader.events(300), [stage(301)]);
    t.equal((await reader.extent()).last, 301);
    t.same(await (await store.open(writer.id)).extent(), {
      generation: (await reader.extent()).generation,
      last: 301,
    });
    if (generation !== "")
      t.equal((await reader.extent()).generation, generation, "the same generation throughout");
    await writer.close();
    const next = await store.create("demo");
    await next.append(stage(1));
    t.ok(
      (await (await store.open(next.id)).extent()).generation !== generation,
      "another run, another generation",
    );
    await next.close();
  });

  await tap.test("glance() tells how a run stands", async (t) => {
    const store = await makeStore();
    const before = new Date().toISOString();
    const writer = await store.create("demo");
    await writer.write(RUN_FILES.scenario, "name: demo\ntags:\n  - a b\n  - c\nseed: 0\n");
    const glance = await store.glance(writer.id);
    t.match(glance, { run: writer.id, scenario: "demo", status: "running", tags: ["a b", "c"] });
    t.ok(glance.began >= before && glance.began <= new Date().toISOString(), glance.began);
    await writer.close();
    t.equal((await store.glance(writer.id)).status, "abandoned", "nobody writes it and it has not ended");
    const again = await store.resume(writer.id);
    t.equal((await store.glance(writer.id)).status, "running");
    await again.write(RUN_FILES.result, JSON.stringify(result));
    await again.close();
    t.match(await store.glance(writer.id), { status: "missed", seconds: 1.5, began: glance.began });
    const other = await store.create("other", { id: "another" });
    await other.close();
    const ids = [other.id, "absent", writer.id, ""];
    const glances = [await store.glance(other.id), await store.glance(writer.id)];
    const found: RunGlance[] = [];
    for await (const one of glancesOf(store, ids)) found.push(one);
    t.same(found, glances, "many at once, in the order asked for, without those that are not there");
    for (const id of ["absent", "", "..", `../${writer.id}`]) {
      await t.rejects(store.glance(id), { name: "InputError", message: JSON.stringify(id) });
    }
  });

  await tap.test("appendAll() keeps events as append() does, onAppend() tells of both", async (t) => {
    const store = await makeStore();
    const writer = await store.create("demo");
    const other = await store.create("demo");
    const reader = await store.open(writer.id);
    let calls = 0;
    const end = reader.onAppend?.(() => calls++);
    const isTold = async (before: number): Promise<boolean> => {
      for (let waited = 0; calls === before && waited < 10_000; waited += 20) await pause(20);
      return calls > before;
    };
    if (end !== undefined) await isTold(0); // that it listens now, where it has to connect first
    let before = calls;
    await writer.append(stage(1));
    if (end !== undefined) t.ok(await isTold(before), "it is told of an event");
    before = calls;
    if (writer.appendAll !== undefined) {
      await Promise.all([writer.appendAll([stage(2), stage(3)]), writer.appendAll([stage(4)])]);
      await writer.flush?.();
      t.same(await reader.events(), [stage(1), stage(2), stage(3), stage(4)]);
      t.equal((await reader.extent()).last, 4);
      if (end !== undefined) t.ok(await isTold(before), "it is told of several");
    }
    end?.();
    await writer.close();
    await other.close();
  });

  await tap.test("write() keeps bytes and text, replaces, makes folders", async (t) => {
    const store = await makeStore();
    const writer = await store.create("demo");
    const reader = await store.open(writer.id);
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    await writer.write("artifacts/deep/er/all.bin", bytes);
    bytes.fill(0);
    t.same(
      [...(await reader.read("artifacts/deep/er/all.bin"))],
      Array.from({ length: 256 }, (_, i) => i),
    );
    class View extends Uint8Array<ArrayBuffer> {
      override slice(start?: number, end?: number): View {
        return super.subarray(start, end) as View; // as that of Node's buffers, which shares their memory
      }
    }
    const view = new View(new Uint8Array([1, 2, 3]).buffer);
    await writer.write("view.bin", view);
    view.fill(0);
    t.same([...(await reader.read("view.bin"))], [1, 2, 3], "a copy, of whatever kind the bytes are");
    await writer.write("note.txt", "Zoë, first and longer");
    await writer.write("note.txt", "Zoë");
    t.equal(new TextDecoder().decode(await reader.read("note.txt")), "Zoë");
    const long = Uint8Array.from({ length: 2.5 * 2 ** 20 }, (_, i) => (i * i) >> 8); // more than a store keeps in one piece
    await writer.write("long.bin", long);
    t.equal(isSame(await reader.read("long.bin"), long), true, "long ones as well");
    await writer.write("long.bin", long.subarray(0, 2 ** 20));
    t.equal(
      isSame(await reader.read("long.bin"), long.subarray(0, 2 ** 20)),
      true,
      "replaced by shorter ones",
    );
    await writer.write("empty.bin", "");
    t.equal((await reader.read("empty.bin")).length, 0);
    await Promise.all([1, 2, 3, 4].map((n) => writer.write("same.txt", `${n}`.repeat(1e5))));
    t.equal(
      new TextDecoder().decode(await reader.read("same.txt")),
      "4".repeat(1e5),
      "the last call's, whole",
    );
    (await reader.read("note.txt")).fill(0);
    t.equal(new TextDecoder().decode(await reader.read("note.txt")), "Zoë", "no reader can change it");
    await writer.close();
  });

  await tap.test(
    "file() gives a file in pieces, whole or a part of it, and tells when it was replaced",
    async (t) => {
      const store = await makeStore();
      const writer = await store.create("demo");
      const reader = await store.open(writer.id);
      const long = Uint8Array.from({ length: 2.5 * 2 ** 20 }, (_, i) => (i * i) >> 8);
      await writer.write("artifacts/long.bin", long);
      await writer.write("empty.bin", "");
      await writer.append(stage(1));
      const file = await reader.file("artifacts/long.bin");
      t.equal(file.size, long.length);
      t.equal((await reader.file("artifacts/long.bin")).version, file.version);
      const middle = long.length >> 1;
      for (const [start, end] of [
        [0, long.length],
        [0, 1],
        [middle - 3, middle + 70_000],
        [long.length - 1, long.length],
        [5, 5],
      ]) {
        const part = await whole(file.pieces(start, end));
        t.equal(isSame(part, long.subarray(start, end)), true, `${start} to ${end}`);
      }
      t.equal(isSame(await whole(file.pieces()), long), true, "all of it unless told otherwise");
      for await (const piece of file.pieces()) {
        t.ok(piece.length <= 2 ** 21, "no piece is large");
        piece.fill(7);
        break;
      }
      t.equal(isSame(await reader.read("artifacts/long.bin"), long), true, "no reader can change it");
      t.equal((await reader.file("empty.bin")).size, 0);
      t.equal((await whole((await reader.file("empty.bin")).pieces())).length, 0);
      const log = await reader.file(RUN_FILES.events);
      const bytes = await reader.read(RUN_FILES.events);
      t.equal(log.size, bytes.length);
      t.equal(isSame(await whole(log.pieces(2)), bytes.subarray(2)), true);
      await writer.write(
        "artifacts/long.bin",
        long.map((byte) => byte ^ 1),
      );
      t.ok((await reader.file("artifacts/long.bin")).version !== file.version, "another version");
      const stale = await whole(file.pieces()).catch((error) => error);
      t.ok(stale instanceof RunError || isSame(stale, long), "what was opened is what is read, or nothing");
      for (const path of ["absent.txt", "artifacts", "artifacts/long.bin/b"]) {
        await t.rejects(reader.file(path), { name: "InputError", message: path });
      }
      for (const path of outside) {
        await t.rejects(reader.file(path), { name: "InputError", message: "not a path inside a run" });
      }
      await writer.close();
    },
  );

  await tap.test("write() and read() refuse paths outside the run", async (t) => {
    const store = await makeStore();
    const writer = await store.create("demo");
    const reader = await store.open(writer.id);
    for (const path of outside) {
      await t.rejects(writer.write(path, "x"), InputError, `write ${JSON.stringify(path)}`);
      await t.rejects(reader.read(path), { name: "InputError", message: "not a path inside a run" });
    }
    await writer.append(stage(1));
    await t.rejects(writer.write(RUN_FILES.events, ""), InputError, "the log is written by append alone");
    t.same(await reader.events(), [stage(1)]);
    await writer.close();
  });

  await tap.test("read() and open() name what is not there", async (t) => {
    const store = await makeStore();
    const writer = await store.create("demo");
    await writer.write("artifacts/a.txt", "a");
    const reader = await store.open(writer.id);
    for (const path of ["absent.txt", "artifacts", "artifacts/a.txt/b"]) {
      await t.rejects(reader.read(path), { name: "InputError", message: path });
    }
    for (const id of ["absent", "", ".", "..", `../${writer.id}`, `${writer.id}/artifacts`]) {
      await t.rejects(store.open(id), { name: "InputError", message: JSON.stringify(id) });
    }
    await writer.close();
  });

  await tap.test("result() is there once written, and append() still works then", async (t) => {
    const store = await makeStore();
    const writer = await store.create("demo");
    const reader = await store.open(writer.id);
    t.equal(await reader.result(), undefined);
    await writer.write(RUN_FILES.result, JSON.stringify(result));
    await writer.append(stage(1));
    t.same(await reader.result(), result);
    t.same(await reader.events(), [stage(1)]);
    await writer.close();
  });

  await tap.test("files() lists what a prefix begins, remove() takes a file away", async (t) => {
    const store = await makeStore();
    const writer = await store.create("demo");
    const reader = await store.open(writer.id);
    for (const path of ["checkpoints/2.json", "checkpoints/10.json", "artifacts/deep/a.bin", "note.txt"]) {
      await writer.write(path, "x");
    }
    t.same(await reader.files("checkpoints/"), ["checkpoints/10.json", "checkpoints/2.json"]);
    t.same(await reader.files("artifacts/"), ["artifacts/deep/a.bin"]);
    t.same(await reader.files("none/"), []);
    await writer.remove("checkpoints/2.json");
    await writer.remove("checkpoints/2.json");
    t.same(await reader.files("checkpoints/"), ["checkpoints/10.json"], "twice as well as once");
    await t.rejects(reader.read("checkpoints/2.json"), InputError);
    await t.rejects(writer.remove(RUN_FILES.events), InputError, "the log stays");
    for (const path of outside) await t.rejects(writer.remove(path), InputError, JSON.stringify(path));
    await writer.close();
    await t.rejects(writer.remove("note.txt"), RunError);
  });

  await tap.test("resume() goes on with a run, one at a time", async (t) => {
    const store = await makeStore();
    const first = await store.create("demo");
    await first.append(stage(1));
    await first.write("note.txt", "kept");
    const reader = await store.open(first.id);
    t.ok(await reader.owner(), "somebody is at it");
    await t.rejects(store.resume(first.id), { name: "InputError", message: "is being written by" });
    await first.close();
    t.equal(await reader.owner(), undefined, "nobody is");
    const second = await store.resume(first.id);
    t.equal(second.id, first.id);
    t.equal(second.location, first.location);
    await t.rejects(store.resume(first.id), InputError);
    await first.close();
    await t.rejects(store.resume(first.id), InputError, "the first one's close is not the second one's");
    await second.append(stage(2));
    t.same(await reader.events(), [stage(1), stage(2)]);
    t.equal(new TextDecoder().decode(await reader.read("note.txt")), "kept");
    await second.close();
    await t.rejects(store.resume("absent"), { name: "InputError", message: "absent" });
  });

  await tap.test("close() ends the writing, twice as well as once", async (t) => {
    const store = await makeStore();
    const writer = await store.create("demo");
    await writer.append(stage(1));
    await writer.close();
    await writer.close();
    await t.rejects(writer.append(stage(2)), RunError);
    await t.rejects(writer.write("late.txt", "x"), RunError);
    const reader = await store.open(writer.id);
    t.same(await reader.events(), [stage(1)]);
    await t.rejects(reader.read("late.txt"), InputError);
  });

  await tap.test("remove() takes a run away, one that is written only by force", async (t) => {
    const store = await makeStore();
    const [writer, other] = [await store.create("demo"), await store.create("demo")];
    await writer.append(stage(1));
    await t.rejects(store.remove(writer.id), { name: "InputError", message: "is being written by" });
    t.same(await (await store.open(writer.id)).events(), [stage(1)], "it is still there");
    await writer.close();
    await store.remove(writer.id);
    t.same(await store.list(), [other.id], "the other one stays");
    await t.rejects(store.open(writer.id), InputError);
    await t.rejects(store.glance(writer.id), InputError);
    await t.rejects(store.remove(writer.id), { name: "InputError", message: JSON.stringify(writer.id) });
    const again = await store.create("demo", { id: writer.id });
    t.same(await (await store.open(again.id)).events(), [], "of the old one nothing is left");
    await again.close();
    await store.remove(other.id, { force: true });
    await t.rejects(other.append(stage(1)), RunLost, "its writer has lost it");
    await t.rejects(other.write("late.txt", "x"), RunLost);
    await t.rejects(other.close(), RunLost);
    t.same(await store.list(), [again.id]);
    for (const id of ["absent", "", "..", `../${again.id}`]) await t.rejects(store.remove(id), InputError);
  });

  await tap.test("create() keeps when a copy began", async (t) => {
    const store = await makeStore();
    const newer = await store.create("demo");
    const older = await store.create("demo", { id: "copy", began: "2026-01-02T03:04:05.678Z" });
    t.equal((await store.glance("copy")).began, "2026-01-02T03:04:05.678Z");
    t.same(await store.list(), [newer.id, "copy"], "newest first");
    await Promise.all([newer, older].map((writer) => writer.close()));
  });

  await checkWriters(tap, makeStore);
}
