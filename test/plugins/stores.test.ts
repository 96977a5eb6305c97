import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import t from "tap";
import { assemble, contextOf, type RunWriter, Stores, thisMachine, z } from "../../core/mod.ts";
import folderPlugin, { folderStore } from "../../plugins/stores/folder/folder.ts";
import memoryPlugin, { memoryStore } from "../../plugins/stores/memory/memory.ts";
import { checkLeases } from "../conformance/leases.ts";
import { checkStore } from "../conformance/store.ts";

const LEASE = 1000;

await t.test("memoryStore() keeps the contract", async (t) => {
  await checkStore(t, memoryStore);
  await checkLeases(t, {
    lease: LEASE,
    runs() {
      const runs = new Map();
      return (machine) => memoryStore({ machine, lease: LEASE, runs });
    },
  });
});

await t.test("folderStore() keeps the contract", async (t) => {
  let n = 0;
  await checkStore(t, () => folderStore({ folder: join(t.testdir(), `runs-${n++}`) }));
  await checkLeases(t, {
    lease: LEASE,
    runs() {
      const folder = join(t.testdirName, `runs-${n++}`);
      return (machine) => folderStore({ folder }, { machine, lease: LEASE });
    },
  });
});

const event = { seq: 1, time: "2026-11-22T10:00:00.000Z", type: "stage", stage: "train" } as const;

await t.test("both plugins register their store", async (t) => {
  const registry = await assemble([memoryPlugin, folderPlugin]);
  const context = contextOf(registry, new URL("file:///nowhere/"));
  t.equal((await context.create(Stores, { use: "memory" })).name, "memory");
  t.equal((await context.create(Stores, { use: "folder", folder: t.testdir() })).name, "folder");
  const options = registry.find(Stores, "folder").options(() => z.never());
  t.strictSame(options.parse({}), { folder: "runs" });
});

await t.test("folderStore() lays a run out as documented", async (t) => {
  const folder = t.testdir({ "not-a-run": {}, "demo-20260101-000000-0000": "a file" });
  const store = folderStore({ folder });
  const before = new Date().toISOString().slice(0, 10).replaceAll("-", "");
  const writer = await store.create("demo");
  t.match(writer.id, /^demo-\d{8}-\d{6}-[0-9a-f]{4}$/);
  t.ok(writer.id.slice(5, 13) >= before, "names the day, UTC");
  t.equal(writer.location, join(folder, writer.id));
  await writer.append(event);
  await writer.write("artifacts/a.txt", "a");
  await writer.close();
  t.strictSame(readdirSync(writer.location).sort(), ["artifacts", "events.ndjson", "lease", "run.json"]);
  t.strictSame(
    readdirSync(join(writer.location, "lease/1")),
    ["released.json"],
    "its writer has left nothing else",
  );
  t.strictSame(readdirSync(join(writer.location, "artifacts")), ["a.txt"], "no unfinished file stays");
  t.equal(readFileSync(join(writer.location, "events.ndjson"), "utf8"), `${JSON.stringify(event)}\n`);
  t.strictSame(await store.list(), [writer.id], "only runs are listed");
});

await t.test("folderStore() lists runs of other processes by time, whatever their names", async (t) => {
  const ids = ["b-1-20250101-000000-0000", "a-20250101-000001-0000", "c-20250101-000001-0001"];
  const folder = t.testdir(Object.fromEntries(ids.map((id) => [id, {}])));
  t.strictSame(await folderStore({ folder }).list(), ids.toReversed());
});

await t.test("create() says why runs cannot be kept, and what to do", async (t) => {
  const dir = t.testdir({ file: "x" });
  const refused = (folder: string, reason: string): Promise<unknown> =>
    t.rejects(folderStore({ folder }).create("demo"), {
      name: "InputError",
      message: new RegExp(`cannot keep runs in ${folder}: .*${reason}.*--runs <dir>`),
    });
  await refused("/proc/absent/runs", "parent folder does not exist"); // where nobody can make one
  const made = await folderStore({ folder: join(dir, "absent", "runs") }).create("demo");
  await made.close();
  t.match(made.location, join(dir, "absent", "runs"), "a folder that can be made is made");
  await refused(join(dir, "file"), "there is a file");
  await refused(join(dir, "file", "runs"), "there is a file");
  await refused(join(dir, "n".repeat(300)), "name too long");
  await t.rejects(folderStore({ folder: dir }).create("../x"), { name: "InputError", message: '"../x"' });
  await t.rejects(folderStore({ folder: join(dir, "file") }).list(), {
    name: "InputError",
    message: "a file",
  });
});

await t.test("events() passes over a torn last line, and names a damaged one", async (t) => {
  const store = folderStore({ folder: t.testdir() });
  const writer = await store.create("demo");
  await writer.append(event);
  const log = join(writer.location, "events.ndjson");
  const reader = await store.open(writer.id);
  for (const torn of [
    '{"seq":2,"ti',
    '{"seq":2,"time":"","type":"stage","stage":"whole but for its newline"}',
  ]) {
    writeFileSync(log, `${JSON.stringify(event)}\n${torn}`);
    t.strictSame(await reader.events(), [event]);
  }
  appendFileSync(log, '\n{"seq":3,"ti\n');
  await t.rejects(reader.events(), { name: "InputError", message: "events.ndjson:3: damaged" });
  writeFileSync(join(writer.location, "result.json"), "{");
  await t.rejects(reader.result(), { name: "InputError", message: "result.json: damaged" });
  await writer.close();
});

for (const [torn, what, stage] of [
  ['{"seq":2,"ti', "a line begun", "train"],
  [`{"seq":2,"ti${"x".repeat(200_000)}`, "a long line", "train"],
  [`{"seq":2,"ti${"x".repeat(200_000)}`, "a long line behind another", "s".repeat(200_000)],
] as const) {
  await t.test(
    `resume() drops an event that a crash has torn (${what}), and what was being written`,
    async (t) => {
      const store = folderStore({ folder: t.testdir() });
      const writer = await store.create("demo");
      const first = { ...event, stage };
      await writer.append(first);
      await writer.close();
      const log = join(writer.location, "events.ndjson");
      appendFileSync(log, torn);
      rmSync(join(writer.location, "lease/1/released.json")); // as a writer leaves it that was killed
      writeFileSync(join(writer.location, "lease/1/0.tmp"), "half");
      const resumed = await store.resume(writer.id);
      await resumed.append({ ...event, seq: 2 });
      t.strictSame(await (await store.open(writer.id)).events(), [first, { ...event, seq: 2 }]);
      await resumed.close();
      t.strictSame(readdirSync(writer.location).sort(), ["events.ndjson", "lease", "run.json"]);
      t.strictSame(readdirSync(join(writer.location, "lease")), ["2"]);
    },
  );
}

await t.test(
  "resume() refuses a run that another process writes, and takes over one whose process is gone",
  async (t) => {
    const folder = t.testdir();
    const store = folderStore({ folder });
    const module = new URL("../../plugins/stores/folder/folder.ts", import.meta.url);
    const script = `
    const { folderStore } = await import(${JSON.stringify(module.href)});
    const writer = await folderStore({ folder: ${JSON.stringify(folder)} }).create("demo");
    console.log(writer.id);
    setInterval(() => {}, 1000);`;
    const other = spawn(process.execPath, ["--input-type=module", "-e", script]);
    const [line] = (await once(other.stdout, "data")) as [Buffer];
    const id = String(line).trim();
    await t.rejects(store.resume(id), {
      name: "InputError",
      message: `run ${id} is being written by process ${other.pid} on ${hostname()}`,
    });
    t.match(await (await store.open(id)).owner(), {
      pid: other.pid,
      host: hostname(),
      isHere: true,
      epoch: 1,
    });
    other.kill("SIGKILL");
    await once(other, "close");
    t.equal(await (await store.open(id)).owner(), undefined);
    const winners = await Promise.allSettled([1, 2, 3].map(() => store.resume(id)));
    const won = winners.filter(({ status }) => status === "fulfilled");
    t.equal(won.length, 1, "of several who try at once, one");
    for (const { value } of won as PromiseFulfilledResult<RunWriter>[]) await value.close();
  },
);

await t.test("resume() goes on with a run that died before its first event", async (t) => {
  const folder = t.testdir();
  const store = folderStore({ folder });
  const writer = await store.create("demo");
  await writer.close();
  rmSync(join(folder, writer.id, "events.ndjson"));
  mkdirSync(join(folder, writer.id, "lease/.try-1-0")); // somebody died over trying
  const resumed = await store.resume(writer.id);
  await resumed.append(event);
  t.strictSame(await (await store.open(writer.id)).events(), [event]);
  await resumed.close();
  t.strictSame(readdirSync(join(writer.location, "lease")), ["2"]);
});

await t.test("create() refuses where there is no room for a run, and leaves nothing", async (t) => {
  const folder = t.testdir();
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=40k", "tmpfs", folder], {
    encoding: "utf8",
  });
  if (mounted.status !== 0) return void t.comment(`skipped: no small disk can be mounted: ${mounted.stderr}`);
  try {
    await t.rejects(folderStore({ folder }).create("demo"), { name: "InputError", message: "no space left" });
    t.strictSame(readdirSync(folder), []);
  } finally {
    spawnSync("umount", [folder]);
  }
});

await t.test("the lease of a process that cannot be seen from here holds while it is renewed", async (t) => {
  const store = folderStore({ folder: t.testdir() }, { lease: LEASE });
  const writer = await store.create("demo");
  await writer.close();
  const lease = join(writer.location, "lease/2");
  const held = (holder: object): void => {
    rmSync(join(writer.location, "lease"), { recursive: true });
    mkdirSync(lease, { recursive: true });
    writeFileSync(join(lease, "holder.json"), JSON.stringify({ lease: LEASE, since: "", ...holder }));
    writeFileSync(join(lease, "beat"), "0");
  };
  const elsewhere = {
    pid: process.pid,
    host: hostname(),
    machine: "another boot pid:[4026531836]",
    began: "7",
  };
  held(elsewhere);
  let beats = 0;
  const renewing = setInterval(() => writeFileSync(join(lease, "beat"), `${++beats}`), LEASE / 6);
  await t.rejects(store.resume(writer.id), {
    name: "InputError",
    message: `by process ${process.pid} on ${hostname()}. Stop that one first`,
  });
  const reader = await store.open(writer.id);
  t.match(await reader.owner(), { isHere: false, epoch: 2 });
  clearInterval(renewing);
  t.equal((await store.glance(writer.id)).status, "running", "it has not lapsed yet");
  const resumed = await store.resume(writer.id);
  t.equal(
    resumed.epoch,
    3,
    "once it is silent it is taken over, though the host is the same and the number in use",
  );
  await resumed.close();

  const here = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  const machine = `${here} ${readlinkSync("/proc/self/ns/pid")}`;
  for (const [holder, why] of [
    [{ ...elsewhere, machine, began: "0" }, "the same number, but a process that began later"],
    [{ pid: 2 ** 22 + 1, host: "another name", machine, began: "7" }, "dead, whatever the host was called"],
  ] as const) {
    held(holder);
    t.equal(await reader.owner(), undefined, why);
    await (await store.resume(writer.id)).close();
  }
  held({});
  t.equal(await reader.owner(), undefined, "a damaged file is nobody's");
  await (await store.resume(writer.id)).close();
});

await t.test("a lease dated by clocks of their own is watched by ours", async (t) => {
  const machine = { ...thisMachine, every: () => () => {} }; // renews nothing: the test does
  const store = folderStore({ folder: t.testdir() }, { lease: LEASE, machine });
  const writer = await store.create("demo");
  const lease = join(writer.location, "lease/1");
  const holder = JSON.parse(readFileSync(join(lease, "holder.json"), "utf8"));
  writeFileSync(join(lease, "holder.json"), JSON.stringify({ ...holder, machine: "another" }));
  for (const hours of [-1, 1]) {
    let beats = 0;
    const date = (): void => {
      const time = Date.now() / 1000 + hours * 3600;
      writeFileSync(join(lease, "beat"), `${hours} ${++beats}`);
      utimesSync(join(lease, "beat"), time, time);
    };
    date();
    const renewing = setInterval(date, LEASE / 10);
    await t.rejects(store.resume(writer.id), { name: "InputError", message: "is being written" });
    clearInterval(renewing);
  }
  const { lost } = await store.resume(writer.id);
  t.equal(lost.aborted, false, "silence is seen however far ahead its date is");
  await t.rejects(writer.append(event), {
    name: "RunLost",
    message: `taken over by process ${process.pid} on`,
  });
});

await t.test("a writer whose run is moved or removed stops, and makes no new folder", async (t) => {
  const folder = t.testdir();
  const store = folderStore({ folder });
  const writer = await store.create("demo");
  await writer.append(event);
  renameSync(writer.location, join(folder, "moved"));
  await t.rejects(writer.write("artifacts/a.txt", "a"), { name: "RunLost", message: "moved or removed" });
  t.ok(writer.lost.aborted);
  t.strictSame(readdirSync(folder), ["moved"]);
  t.strictSame(await (await store.open("moved")).events(), [event]);
});

await t.test("read() does not follow links out of the run", async (t) => {
  const folder = t.testdir({ secret: "s" });
  const store = folderStore({ folder });
  const writer = await store.create("demo");
  mkdirSync(join(writer.location, "artifacts"));
  symlinkSync(join(folder, "secret"), join(writer.location, "artifacts/link"));
  symlinkSync(folder, join(writer.location, "up"));
  const reader = await store.open(writer.id);
  await t.rejects(reader.read("artifacts/link"), { name: "InputError", message: "outside the run" });
  await t.rejects(reader.read("up/secret"), { name: "InputError", message: "outside the run" });
  await writer.close();
});

await t.test("append() on a full disk says so, and what was kept stays whole", async (t) => {
  const folder = t.testdir();
  const module = new URL("../../plugins/stores/folder/folder.ts", import.meta.url);
  const script = `
    const { folderStore } = await import(${JSON.stringify(module.href)});
    const writer = await folderStore({ folder: ${JSON.stringify(folder)} }).create("demo");
    const say = (error) => console.log(error.name, error.message);
    for (let seq = 1; ; seq++) {
      const long = { seq, time: "", type: "warning", message: "x".repeat(300) };
      try { await writer.append(long); } catch (error) { say(error); break; }
    }
    await writer.write("artifacts/big.bin", new Uint8Array(1e6)).catch(say);
    await writer.close();`;
  // A limit on the size of files stands in for a full disk. What the test runner adds to Node would die of its signal.
  const { stdout, stderr } = spawnSync(
    "sh",
    ["-c", `unset NODE_OPTIONS; ulimit -f 4; exec "$0" --input-type=module`, process.execPath],
    { input: script, encoding: "utf8" },
  );
  const said = stdout.trim().split("\n");
  t.match(said[0], /^RunError cannot write .*events\.ndjson: EFBIG.*--runs <dir>/, stderr);
  t.match(said[1], /^RunError cannot write .*big\.bin: EFBIG/);

  const store = folderStore({ folder });
  const id = (await store.list())[0]!;
  const events = await (await store.open(id)).events();
  t.ok(events.length >= 4, `${events.length} events are kept`);
  t.strictSame(
    events.map((e) => e.seq),
    events.map((_, i) => i + 1),
  );
  t.match(readFileSync(join(folder, id, "events.ndjson"), "utf8"), /\n$/, "half a line was taken back");
  t.strictSame(readdirSync(join(folder, id)).sort(), ["events.ndjson", "lease", "run.json"]);
  t.strictSame(readdirSync(join(folder, id, "lease/1")), ["released.json"], "no half-written file stays");
});
