/** Whatever kills a run or damages its folder: it goes on to the very same numbers, or says what is wrong. */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { lastValueFrom, take, toArray } from "rxjs";
import t from "tap";
import {
  InputError,
  isOfApplication,
  Key,
  loadScenario,
  type RunEvent,
  type RunResult,
  reopenScenario,
  run,
} from "../../core/mod.ts";
import { builtinPlugins } from "../../plugins/mod.ts";
import { folderStore } from "../../plugins/stores/folder/folder.ts";
import { startTrainer } from "../../server/trainer/mod.ts";

t.setTimeout(600_000); // minutes on a busy machine

const file = fileURLToPath(new URL("../fixtures/short.yaml", import.meta.url));
const text = readFileSync(file, "utf8");
const base = pathToFileURL(file);
process.execArgv = []; // what tap makes every child load
delete process.env.NODE_OPTIONS;

const silent = (): Writable => new Writable({ write: (_chunk, _encoding, done) => done() });

/** What an application says in a run, without numbers and times. */
const bodies = (events: readonly RunEvent[]): unknown[] =>
  events.filter(isOfApplication).map(({ seq, time, ...body }) => body);

/** The run that is never interrupted, in this process. */
async function whole(folder: string): Promise<{ metrics: RunResult["metrics"]; said: unknown[] }> {
  const store = folderStore({ folder });
  await lastValueFrom(run(await loadScenario(text, { base, file, plugins: builtinPlugins }), { store }));
  const reader = await store.open((await store.list())[0]!);
  return { metrics: (await reader.result())!.metrics, said: bodies(await reader.events()) };
}

const reference = await whole(t.testdir());

/** Goes on with a run in this process. */
async function resumed(folder: string, id: string): Promise<RunResult> {
  const store = folderStore({ folder });
  const reader = await store.open(id);
  const loaded = await reopenScenario(reader, builtinPlugins);
  await lastValueFrom(run(loaded, { store, resume: id }));
  return (await reader.result())!;
}

t.test("a run that is killed again and again ends with the same metrics and events", async (t) => {
  const KILLS = 20;
  const random = Key.from("moments of death").uniformArray(10 * KILLS);
  let kills = 0;
  let tries = 0;
  let inCheckpoints = 0;
  while (kills < KILLS) {
    const folder = join(t.testdirName, `runs-${tries}`);
    mkdirSync(folder, { recursive: true });
    const store = folderStore({ folder });
    let id: string | undefined;
    for (;;) {
      const what = id === undefined ? { scenario: { text, file, base: base.href } } : { resume: id };
      const trainer = startTrainer({ runs: folder, ...what }, { store, output: silent() });
      // One in two dies as soon as a checkpoint is being written; the others between two of the next hundred events,
      // or soon after the process has begun, however fast the machine is.
      const wait = random[tries++ % random.length]!;
      const aimed = tries % 2 === 0;
      let over = false;
      const ended = trainer.ended.finally(() => {
        over = true;
      });
      ended.catch(() => {});
      id = await trainer.run.catch(() => id);
      const early = tries % 8 === 1;
      if (aimed || early) await sleep(wait * 300);
      else {
        const some = trainer.events.pipe(take(1 + Math.floor(wait * 100)));
        await Promise.race([lastValueFrom(some, { defaultValue: undefined }), ended]);
      }
      while (aimed && !over && kills < KILLS && !isWriting(join(folder, id!))) await sleep(0);
      if (!over && kills < KILLS) {
        if (isWriting(join(folder, id!))) inCheckpoints++;
        process.kill(trainer.pid!, "SIGKILL");
      }
      const result = await ended;
      if (result.status !== "failed") break;
      t.match(result.error?.message, /SIGKILL/);
      kills++;
    }
    const reader = await store.open(id!);
    t.strictSame((await reader.result())?.metrics, reference.metrics, `after ${kills} kills in all`);
    const events = await reader.events();
    t.strictSame(
      events.map(({ seq }) => seq),
      events.map((_, i) => i + 1),
    );
    t.strictSame(bodies(events), reference.said, "a reader sees the same, once");
  }
  t.ok(inCheckpoints > 0, `${inCheckpoints} of ${kills} died while a checkpoint was being written`);
});

/** Whether a part of a checkpoint is being written: it begins in the folder of the writer's lease. */
function isWriting(run: string): boolean {
  const leases = join(run, "lease");
  return (
    existsSync(leases) &&
    readdirSync(leases, { recursive: true }).some((path) => /-\d{6}\.(safetensors|json)$/.test(String(path)))
  );
}

t.test("a byte flipped in any file of a run is told or mended, never taken", async (t) => {
  const folder = join(t.testdirName, "runs");
  mkdirSync(folder, { recursive: true });
  const store = folderStore({ folder });
  const stop = new AbortController();
  let steps = 0;
  const events = run(await loadScenario(text, { base, file, plugins: builtinPlugins }), {
    store,
    signal: stop.signal,
  });
  await new Promise<void>((resolve, reject) =>
    events.subscribe({
      next: ({ type }) => {
        if (type === "progress" && ++steps === 236) stop.abort(new Error("enough"));
      },
      complete: resolve,
      error: reject,
    }),
  );
  const id = (await store.list())[0]!;
  const files = (readdirSync(join(folder, id), { recursive: true }) as string[]).filter((path) =>
    statSync(join(folder, id, path)).isFile(),
  );
  t.ok(files.length >= 8, files.join(" "));
  const newest = files
    .filter((path) => path.startsWith("checkpoints"))
    .sort()
    .at(-1)!
    .replace(/\.\w+$/, "");
  const random = Key.from("flips").integers(1000, 2 ** 31 - 1);
  let draw = 0;
  for (const path of files) {
    for (let i = 0; i < 2; i++) {
      const copy = join(t.testdirName, `copy-${draw}`);
      cpSync(folder, copy, { recursive: true });
      const damaged = join(copy, id, path);
      const bytes = readFileSync(damaged);
      bytes[random[draw++]! % bytes.length]! ^= 1 << (random[draw++]! % 8);
      writeFileSync(damaged, bytes);
      try {
        const { metrics, status, error } = await resumed(copy, id);
        if (status === "failed")
          t.match(error?.message, /damaged|not what|checkpoint/, `${path}: ${error?.message}`);
        else t.strictSame(metrics, reference.metrics, `${path}: the same metrics`);
        const notes = (await (await folderStore({ folder: copy }).open(id)).events()).flatMap((e) =>
          e.type === "resumed" ? e.notes : [],
        );
        if (path.startsWith("artifacts") || path.startsWith(newest))
          t.match(notes.join("\n"), path.replace(/\.\w+$/, ""), "it is told");
      } catch (error) {
        t.ok(error instanceof InputError, `${path}: ${error}`);
      }
    }
  }
});

t.test("a full disk ends a run as failed with all that was kept intact, to be resumed", async (t) => {
  const folder = join(t.testdirName, "small");
  mkdirSync(folder, { recursive: true });
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=400k", "tmpfs", folder], {
    encoding: "utf8",
  });
  if (mounted.status !== 0)
    return void t.comment(`skipped: no small disk can be mounted: ${mounted.stderr ?? mounted.error}`);
  try {
    const store = folderStore({ folder });
    const loaded = await loadScenario(text, { base, file, plugins: builtinPlugins });
    const events = await lastValueFrom(run(loaded, { store }).pipe(toArray()));
    const id = (await store.list())[0]!;
    t.match(events.at(-1), { type: "ended", status: "failed", error: /cannot write .*(ENOSPC|no space)/i });
    t.match(await (await store.open(id)).result(), { status: "failed" });
    t.strictSame(await (await store.open(id)).events(), events, "every event that was told is kept");
    spawnSync("mount", ["-o", "remount,size=8m", folder]);
    t.strictSame(
      (await resumed(folder, id)).metrics,
      reference.metrics,
      "the same metrics once there is room",
    );
  } finally {
    spawnSync("umount", [folder]);
  }
});
