/** Runs are copied, moved, renamed, linked, archived and removed, by hand and by commands, and can be used as before. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { lastValueFrom, tap } from "rxjs";
import t, { type Test } from "tap";
import {
  assemble,
  contextOf,
  copyRun,
  Engines,
  InputError,
  loadScenario,
  openEarlier,
  RunExists,
  reopenScenario,
  run,
} from "../../core/mod.ts";
import { builtinPlugins } from "../../plugins/mod.ts";
import { folderStore } from "../../plugins/stores/folder/folder.ts";
import { memoryStore } from "../../plugins/stores/memory/memory.ts";
import { packed, unpacked } from "../../server/cli/archive-file.ts";
import { createApp } from "../../server/http/mod.ts";

t.setTimeout(600_000); // minutes on a busy machine

const main = fileURLToPath(new URL("../../server/cli/main.ts", import.meta.url));
const file = fileURLToPath(new URL("../fixtures/short.yaml", import.meta.url));
const text = readFileSync(file, "utf8").replace("steps: 250", "steps: 40");
const base = pathToFileURL(file);

async function dsgan(args: readonly string[], cwd: string): Promise<{ code: number; text: string }> {
  const { NODE_OPTIONS, DSGAN_RUNS, CI, GITHUB_ACTIONS, ...env } = process.env;
  const child = spawn(process.execPath, [main, ...args], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (text += data));
  const [code] = await once(child, "close");
  return { code, text };
}

/** Runs the scenario. @param stop whether it is interrupted at its second checkpoint */
async function made(folder: string, id: string, stop: boolean): Promise<void> {
  const store = folderStore({ folder });
  const loaded = await loadScenario(text, { base, file, plugins: builtinPlugins });
  const interrupt = new AbortController();
  let checkpoints = 0;
  const events = run(loaded, { store, id, signal: interrupt.signal, environment: { base: base.href } });
  await lastValueFrom(
    events.pipe(
      tap(({ type }) => {
        if (stop && type === "checkpoint" && ++checkpoints === 2) interrupt.abort(new Error("enough"));
      }),
    ),
  );
}

const origin = t.testdir();
await made(origin, "whole", false);
await made(origin, "part", true);
const metrics = (await (await folderStore({ folder: origin }).open("whole")).result())!.metrics;

/** Goes on with a run, to the metrics of one that was never interrupted. */
async function resumed(t: Test, folder: string, id: string): Promise<void> {
  const store = folderStore({ folder });
  const reader = await store.open(id);
  await lastValueFrom(run(await reopenScenario(reader, builtinPlugins), { store, resume: id }));
  t.strictSame((await reader.result())?.metrics, metrics, `${id} ends as the run that was never interrupted`);
  const events = await reader.events();
  t.strictSame(
    events.map(({ seq }) => seq),
    events.map((_, i) => i + 1),
  );
}

t.test("a run may be copied, moved, renamed and linked by hand", async (t) => {
  const cwd = t.testdir({ runs: {}, far: {} });
  const [runs, far] = [join(cwd, "runs"), join(cwd, "far")];
  cpSync(join(origin, "whole"), join(runs, "copied"), { recursive: true });
  cpSync(join(origin, "part"), join(runs, "part"), { recursive: true });
  cpSync(join(origin, "part"), join(far, "moved"), { recursive: true });
  renameSync(join(far, "moved"), join(runs, "renamed"));
  cpSync(join(origin, "part"), join(far, "other"), { recursive: true });
  symlinkSync(join(far, "other"), join(runs, "linked"));
  symlinkSync(join(far, "nowhere"), join(runs, "dangling"));
  mkdirSync(join(runs, "notes"));
  writeFileSync(join(runs, "notes", "a.txt"), "no run");

  const store = folderStore({ folder: runs });
  t.strictSame((await store.list()).toSorted(), ["copied", "linked", "part", "renamed"]);
  for (const id of ["linked", "part", "renamed"]) {
    t.match(await store.glance(id), { run: id, scenario: "short", status: "cancelled" });
  }
  const whole = await folderStore({ folder: origin }).glance("whole");
  t.strictSame(await store.glance("copied"), { ...whole, run: "copied" });

  const app = createApp(store);
  for (const id of ["copied", "linked"]) {
    const answer = await app.request(`/api/runs/${id}`);
    t.equal(answer.status, 200);
    t.match(await answer.json(), { run: id, scenario: "short" });
  }
  const listed = await dsgan(["list", "runs"], cwd);
  for (const id of ["copied", "linked", "part", "renamed"]) t.match(listed.text, id);
  for (const given of ["copied", "runs/linked"]) {
    const sampled = await dsgan(["sample", given, "--n", "5", "--out", "x.npy"], cwd);
    t.equal(sampled.code, 0, sampled.text);
    const exported = await dsgan(["export", given, "--format", "safetensors", "--out", "x"], cwd);
    t.equal(exported.code, 0, exported.text);
  }
  const registry = await assemble(builtinPlugins);
  const context = contextOf(registry, base);
  await (await context.create(Engines, { use: "cpu" })).start();
  for (const [id, place] of [
    ["linked"],
    ["copied"],
    ["renamed", runs],
    ["part", `file://${runs}`],
  ] as const) {
    const trained = await openEarlier({ run: id, runs: place }, { ...context, store, registry });
    t.ok(trained.names.includes("generator"), `${id} in ${place}: ${trained.names}`);
  }
  for (const id of ["linked", "part", "renamed"]) await resumed(t, runs, id);
});

t.test("copyRun() copies between stores of any kind, whole or not at all", async (t) => {
  const from = folderStore({ folder: origin });
  const memory = memoryStore();
  const folder = t.testdir();
  const to = folderStore({ folder });
  await copyRun(from, "part", memory);
  await copyRun(memory, "part", to, "again");
  const [first, last] = [await from.open("part"), await to.open("again")];
  t.strictSame(await last.events(), await first.events());
  t.strictSame(await last.files(""), await first.files(""));
  for (const path of await first.files("")) t.strictSame(await last.read(path), await first.read(path), path);
  t.strictSame(await to.glance("again"), { ...(await from.glance("part")), run: "again" });
  await t.rejects(copyRun(from, "part", memory), RunExists);
  await t.rejects(copyRun(from, "absent", memory), InputError);
  const live = await to.create("demo", { id: "live" });
  await t.rejects(copyRun(to, "live", memory), {
    name: "InputError",
    message: "run live is being written by process",
  });
  await live.close();
  await copyRun(to, "live", memory); // without an event
  t.strictSame(await (await memory.open("live")).events(), []);
  const broken = {
    ...to,
    open: async (id: string) => ({
      ...(await to.open(id)),
      read: () => Promise.reject(new Error("worn out")),
    }),
  };
  await t.rejects(copyRun(broken, "again", memory, "half"), { message: "worn out" });
  t.notOk((await memory.list()).includes("half"), "nothing is left of half a copy");
  await resumed(t, folder, "again");
});

t.test("an archive is a run again, by copy and by tar", async (t) => {
  const cwd = t.testdir();
  const archived = await dsgan(["archive", "part", "whole", "--runs", origin, "--out", "kept"], cwd);
  t.equal(archived.code, 0, archived.text);
  t.strictSame(readdirSync(join(cwd, "kept")).sort(), ["part.tar.gz", "whole.tar.gz"]);
  const copied = await dsgan(["copy", "kept/part.tar.gz", "kept/whole.tar.gz", "--to", "runs"], cwd);
  t.equal(copied.code, 0, copied.text);
  const store = folderStore({ folder: join(cwd, "runs") });
  const from = folderStore({ folder: origin });
  for (const id of ["part", "whole"]) {
    t.strictSame(await store.glance(id), await from.glance(id));
    t.strictSame(await (await store.open(id)).files(""), await (await from.open(id)).files(""));
  }
  await resumed(t, join(cwd, "runs"), "part");
  const tar = spawn("tar", ["xzf", "kept/part.tar.gz"], { cwd });
  const [code] = await once(tar, "close").catch(() => [1]);
  if (code !== 0) t.comment("skipped: there is no tar");
  else await resumed(t, cwd, "part");

  const bytes = await packed(from, "whole");
  await t.rejects(unpacked(bytes.subarray(0, 5000), "x.tar.gz"), {
    name: "InputError",
    message: "x.tar.gz is no archive",
  });
  await t.rejects(unpacked(new Uint8Array(3), "x.tar.gz"), InputError);
  const long = memoryStore();
  await (await long.create("demo", { id: "x".repeat(100) })).close();
  await t.rejects(packed(long, "x".repeat(100)), { name: "InputError", message: "dsgan copy" });
});

t.test("copy and rm say what they do, and do nothing by halves", async (t) => {
  const cwd = t.testdir();
  const told = async (code: number, message: string, ...args: string[]): Promise<void> => {
    const ended = await dsgan(args, cwd);
    t.equal(ended.code, code, ended.text);
    t.match(ended.text, message);
  };
  await told(0, "whole → ", "copy", "whole", "--runs", origin, "--to", "runs");
  await told(2, "choose another id with --as", "copy", "whole", "--runs", origin, "--to", "runs");
  await told(0, "second", "copy", "whole", "--runs", origin, "--to", "runs", "--as", "second");
  await told(2, "one by one", "copy", "whole", "part", "--runs", origin, "--to", "runs", "--as", "third");
  await told(2, "cannot be the id", "copy", "whole", "--runs", origin, "--to", "runs", "--as", "a/b");
  await told(2, "cannot read absent.tar.gz", "copy", "absent.tar.gz", "--to", "runs");
  await told(2, "say --yes", "rm", "whole");
  await told(2, 'no run "absent"', "rm", "whole", "absent", "--yes");
  t.strictSame(readdirSync(join(cwd, "runs")).sort(), ["second", "whole"], "all or none");
  await told(0, "removed whole", "rm", "whole", "--yes");
  const store = folderStore({ folder: join(cwd, "runs") });
  const writer = await store.resume("second");
  await told(2, "is being written by", "rm", "second", "--yes");
  await told(2, "is being written by", "copy", "second", "--to", "other");
  await told(0, "removed second", "rm", "second", "--yes", "--force");
  await t.rejects(writer.write("late.txt", "x"), { name: "RunLost" });
  t.strictSame(readdirSync(join(cwd, "runs")), []);
  symlinkSync(join(origin, "whole"), join(cwd, "runs", "link"));
  await told(0, "removed link", "rm", "link", "--yes");
  t.ok(readdirSync(origin).includes("whole"), "of a link the link alone is removed");
});
