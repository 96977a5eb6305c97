/** Lists of a folder's runs are read once, and yet tell what changes. */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t, { type Test } from "tap";
import { folderStore } from "../../plugins/stores/folder/folder.ts";

const result = (run: string, status: string): string =>
  JSON.stringify({ run, scenario: "demo", status, metrics: {}, expectations: [], seconds: 3 });

/** A store with a run that has ended, all of its files an hour old. */
async function shelf(t: Test, id = "demo-1") {
  const folder = mkdtempSync(join(tmpdir(), "dsgan-catalogue-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const store = folderStore({ folder });
  const end = async (run: string, status: string): Promise<void> => {
    const writer = await store.create("demo", { id: run });
    await writer.write("scenario.yaml", "name: demo\ntags:\n  - first\n");
    await writer.write("result.json", result(run, status));
    await writer.close();
    age(join(folder, run));
    age(folder);
  };
  await end(id, "passed");
  return { folder, store, end, at: join(folder, id) };
}

/** Dates a folder and all in it back, so that nothing is young. */
function age(path: string): void {
  const past = statSync(path).mtimeMs / 1000 - 3600;
  if (statSync(path).isDirectory()) for (const name of readdirSync(path)) age(join(path, name));
  utimesSync(path, past, past);
}

t.test("what has not changed is not read again", async (t) => {
  const { store, at } = await shelf(t);
  t.match(await store.glance("demo-1"), { status: "passed", tags: ["first"], seconds: 3 });
  const file = join(at, "result.json");
  const { mtimeMs } = statSync(file);
  writeFileSync(file, result("demo-1", "failed"));
  utimesSync(file, mtimeMs / 1000, mtimeMs / 1000);
  t.match(await store.glance("demo-1"), { status: "passed" }, "its date says that it is the same");
  writeFileSync(file, result("demo-1", "failed"));
  t.match(await store.glance("demo-1"), { status: "failed" });
});

t.test("runs that began at one moment are listed by name, wherever the folder lies", async (t) => {
  const born = JSON.stringify({ scenario: "demo", began: "2026-01-01T00:00:00.000Z" });
  const names = ["m", "z", "a", "k", "b", "y"];
  const folder = t.testdir(Object.fromEntries(names.map((name) => [name, { "run.json": born }])));
  t.strictSame(await folderStore({ folder }).list(), names.toSorted().toReversed());
});

t.test("a run that goes on, and ends otherwise, is told of at once", async (t) => {
  const { store } = await shelf(t);
  t.match(await store.glance("demo-1"), { status: "passed" });
  const writer = await store.resume("demo-1");
  t.match(await store.glance("demo-1"), { status: "running" });
  await writer.write("result.json", result("demo-1", "missed"));
  await writer.close();
  t.match(await store.glance("demo-1"), { status: "missed" });
});

t.test("a run removed and made again under its name is another one", async (t) => {
  const { store, end, at } = await shelf(t);
  const [first] = [await store.glance("demo-1"), await store.list()];
  await store.remove("demo-1");
  t.same(await store.list(), []);
  await t.rejects(store.glance("demo-1"), /no run/);
  await end("demo-1", "failed");
  t.same(await store.list(), ["demo-1"]);
  const second = await store.glance("demo-1");
  t.match(second, { status: "failed" });
  t.not(second.began, first.began);
  rmSync(at, { recursive: true });
});

t.test(
  "the list follows what is added, renamed and taken away, its order what the runs say of their beginning",
  async (t) => {
    const { store, end, folder } = await shelf(t);
    t.same(await store.list(), ["demo-1"]);
    t.same(await store.list(), ["demo-1"], "kept");
    await end("demo-2", "passed");
    t.same(await store.list(), ["demo-2", "demo-1"]);
    renameSync(join(folder, "demo-2"), join(folder, "another"));
    age(folder);
    t.same(await store.list(), ["another", "demo-1"]);
    writeFileSync(
      join(folder, "another/run.json"),
      JSON.stringify({ scenario: "old", began: "2001-01-01T00:00:00.000000Z" }),
    );
    writeFileSync(join(folder, "file"), "not a run");
    t.same(await store.list(), ["demo-1", "another"]);
    t.match(await store.glance("another"), { scenario: "old", began: "2001-01-01T00:00:00.000Z" });
    rmSync(join(folder, "demo-1"), { recursive: true });
    t.same(await store.list(), ["another"]);
  },
);

t.test("what was glanced at follows its beginning and its tags, written over where they are", async (t) => {
  const { store, at } = await shelf(t);
  t.match(await store.glance("demo-1"), { scenario: "demo", tags: ["first"] });
  writeFileSync(
    join(at, "run.json"),
    JSON.stringify({ scenario: "old", began: "2001-01-01T00:00:00.000000Z" }),
  );
  t.match(await store.glance("demo-1"), { scenario: "old", began: "2001-01-01T00:00:00.000Z" });
  writeFileSync(join(at, "scenario.yaml"), "name: demo\ntags:\n  - second\n");
  t.match(await store.glance("demo-1"), { tags: ["second"] });
});

t.test(
  "a beginning just written is read again: another may follow within the same step of the clock",
  async (t) => {
    const { store, at } = await shelf(t);
    const file = join(at, "run.json");
    const now = Date.now() / 1000;
    const begin = (scenario: string): void => {
      writeFileSync(file, JSON.stringify({ scenario, began: "2001-01-01T00:00:00.000000Z" }));
      utimesSync(file, now, now);
    };
    begin("one");
    t.match(await store.glance("demo-1"), { scenario: "one" });
    begin("two");
    t.match(await store.glance("demo-1"), { scenario: "two" });
  },
);

t.test(
  "a run whose writer has only fallen silent is running again as soon as that one goes on",
  async (t) => {
    const { store, at } = await shelf(t);
    const writer = await store.resume("demo-1");
    t.teardown(() => writer.close());
    const beat = join(at, "lease/2/beat");
    age(at);
    t.match(await store.glance("demo-1"), { status: "passed" }, "as far as anybody can tell");
    writeFileSync(beat, "9\n");
    t.match(await store.glance("demo-1"), { status: "running" });
  },
);

t.test("a beginning that is no time, and a link that leads to itself, spoil nothing", async (t) => {
  const { store, folder, at } = await shelf(t);
  writeFileSync(join(at, "run.json"), JSON.stringify({ scenario: "demo", began: "yesterday" }));
  t.match(await store.glance("demo-1"), { scenario: "demo-1", began: /^\d{4}-/, status: "passed" });
  mkdirSync(join(folder, "demo-20269999-999999-ffff"));
  t.same(await store.list(), ["demo-1"], "a name that looks like a time by chance");
  symlinkSync("self", join(folder, "self"));
  await t.rejects(store.glance("self"), { name: "InputError", message: /no run/ });
  rmSync(join(at, "result.json"));
  symlinkSync("result.json", join(at, "result.json"));
  t.match(await store.glance("demo-1"), { status: "abandoned" });
});

t.test("a link is what it leads to", async (t) => {
  const { store, folder } = await shelf(t);
  const other = await shelf(t, "elsewhere");
  await other.end("failing", "failed");
  symlinkSync(other.at, join(folder, "link"));
  t.match(await store.glance("link"), { status: "passed" });
  rmSync(join(folder, "link"));
  symlinkSync(join(other.folder, "failing"), join(folder, "link"));
  t.match(await store.glance("link"), { status: "failed" });
  rmSync(join(folder, "link"));
  symlinkSync("link", join(folder, "link"));
  t.same([...(await store.list())].sort(), ["demo-1"], "what leads to itself is no run");
});
