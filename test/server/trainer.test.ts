/** Trainers: runs in processes of their own, and what becomes of a run when a process dies. */
import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { filter, firstValueFrom, lastValueFrom, toArray } from "rxjs";
import t from "tap";
import { InputError, newestCheckpoint, RunError, type Store } from "../../core/mod.ts";
import { folderStore } from "../../plugins/stores/folder/folder.ts";
import { startTrainer, type Trainer, type TrainerOptions } from "../../server/trainer/mod.ts";
import { type FromTrainer, WINDOW } from "../../server/trainer/protocol.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const toy = join(root, "test/fixtures/toy.yaml");
process.execArgv = []; // what tap makes every child load
delete process.env.NODE_OPTIONS;

const silent = (): Writable => new Writable({ write: (_chunk, _encoding, done) => done() });

function request(runs: string, overrides: Record<string, unknown> = {}, text = readFileSync(toy, "utf8")) {
  return {
    runs,
    scenario: {
      text,
      file: "toy.yaml",
      base: pathToFileURL(toy).href,
      name: "toy",
      overrides: Object.entries(overrides).map(([path, value]) => ({ path, value: JSON.stringify(value) })),
    },
  };
}

function begin(runs: string, overrides: Record<string, unknown> = {}, options: Partial<TrainerOptions> = {}) {
  const store = folderStore({ folder: runs });
  return { store, trainer: startTrainer(request(runs, overrides), { store, output: silent(), ...options }) };
}

/** Waits until a trainer has made a step. */
const stepped = (trainer: Trainer): Promise<unknown> =>
  firstValueFrom(trainer.events.pipe(filter(({ type }) => type === "progress")));

async function statusOf(store: Store, id: string): Promise<string | undefined> {
  return (await (await store.open(id)).result())?.status;
}

t.jobs = 2;

t.test("startTrainer() runs a scenario elsewhere, event by event, to its result", async (t) => {
  const { store, trainer } = begin(t.testdir());
  const events = await lastValueFrom(trainer.events.pipe(toArray()));
  const id = await trainer.run;
  t.not(trainer.pid, process.pid);
  t.match(await trainer.ended, { run: id, status: "passed", metrics: { share: 0.9 } });
  t.strictSame(events, await (await store.open(id)).events());
  t.match(events.at(-1), { type: "ended", status: "passed" });
});

t.test("startTrainer() rejects with the very problems of a scenario that is refused", async (t) => {
  const runs = t.testdir();
  const store = folderStore({ folder: runs });
  const text = "plugins: [./toy.ts]\napplication: { use: toy, steps: none }\n";
  const trainer = startTrainer(request(runs, {}, text), { store, output: silent() });
  await t.rejects(trainer.ended, InputError);
  const refusal = await trainer.run.catch((error) => error as InputError);
  t.match(refusal, { problems: [{ path: "application.steps", line: 2 }], file: "toy.yaml" });
  await t.rejects(lastValueFrom(trainer.events), InputError);
  t.strictSame(await store.list(), []);
});

t.test("a trainer that is killed ends its run as failed, with the reason, and can be resumed", async (t) => {
  const { store, trainer } = begin(t.testdir(), { "application.delay": 50, "application.steps": 1000 });
  await stepped(trainer);
  process.kill(trainer.pid!, "SIGKILL");
  const result = await trainer.ended;
  t.match(result, {
    status: "failed",
    error: { kind: "run", message: /was killed \(SIGKILL\).*can be resumed/ },
  });
  const events = await (await store.open(result.run)).events();
  t.match(events.at(-1), { type: "ended", status: "failed", error: /SIGKILL/ });
  t.strictSame(
    events.map(({ seq }) => seq),
    events.map((_, i) => i + 1),
  );
});

t.test("a trainer that crashes says how, another goes on beside it", async (t) => {
  const runs = t.testdir();
  const beside = begin(runs);
  const { trainer } = begin(runs, { "application.end": "crash" });
  t.match(await trainer.ended, { status: "failed", error: { message: /crashed \(SIGABRT\)/ } });
  t.match(await beside.trainer.ended, { status: "passed" });
});

t.test("a trainer that runs out of memory says so", async (t) => {
  const { trainer } = begin(
    t.testdir(),
    { "application.end": "out-of-memory" },
    { execArgv: ["--max-old-space-size=120"] },
  );
  t.match(await trainer.ended, { status: "failed", error: { message: /ran out of memory for JavaScript/ } });
});

t.test("cancel() has a trainer write a checkpoint and stop", async (t) => {
  const runs = t.testdir();
  const { store, trainer } = begin(runs, { "application.delay": 30, "application.steps": 1000 });
  await stepped(trainer);
  trainer.cancel("enough");
  const { run, status } = await trainer.ended;
  t.equal(status, "cancelled");
  const { checkpoint } = await newestCheckpoint(await store.open(run));
  t.ok((checkpoint!.record.state.cells.step as number) >= 1, "the step under way was finished");
  const resumed = startTrainer({ runs, resume: run }, { store, output: silent() });
  t.equal(await resumed.run, run);
  resumed.kill();
  await t.rejects(resumed.ended, RunError, "stopped at once: it has nothing to say");
});

t.test("a trainer that dies before it has taken a run up again is told of as any other", async (t) => {
  const runs = t.testdir();
  const { trainer, store } = begin(runs, { "application.delay": 30, "application.steps": 1000 });
  await stepped(trainer);
  process.kill(trainer.pid!, "SIGKILL");
  const { run } = await trainer.ended;
  const again = startTrainer({ runs, resume: run }, { store, output: silent() });
  const seen = lastValueFrom(again.events.pipe(toArray()));
  await again.run;
  process.kill(again.pid!, "SIGKILL");
  t.match(await again.ended, { status: "failed", error: { message: /SIGKILL/ } });
  t.match((await seen).at(-1), { type: "ended", error: /SIGKILL/ });
});

t.test("a second process is refused a run, with the pid and host of the first", async (t) => {
  const runs = t.testdir();
  const { store, trainer } = begin(runs, { "application.delay": 30, "application.steps": 1000 });
  await stepped(trainer);
  const resume = await trainer.run;
  const second = startTrainer({ runs, resume }, { store, output: silent() });
  await t.rejects(second.ended, { message: `is being written by process ${trainer.pid} on ${hostname()}` });
  trainer.cancel("enough");
  t.match(await trainer.ended, { status: "cancelled" }, "and the first is none the worse");
});

t.test("a trainer waits while nobody takes its events in", async (t) => {
  const runs = t.testdir();
  const child = fork(new URL("../../server/trainer/main.ts", import.meta.url), [], {
    execArgv: [],
    silent: true,
  });
  const seen: FromTrainer[] = [];
  child.on("message", (message: FromTrainer) => seen.push(message));
  const ask = request(runs, { "application.steps": 3 * WINDOW });
  child.send({ kind: "start", request: ask, whenAlone: "stop" });
  const told = (): number => seen.filter(({ kind }) => kind === "event").length;
  while (told() < WINDOW) await sleep(20);
  await sleep(300);
  t.equal(told(), WINDOW, "no more than may be under way");
  child.send({ kind: "taken", events: WINDOW });
  while (told() < 2 * WINDOW) await sleep(20);
  child.send({ kind: "taken", events: 10 * WINDOW });
  await once(child, "exit");
  t.equal(seen.at(-1)?.kind, "done");
  t.ok(told() > 3 * WINDOW, "all of them in the end");
});

for (const [whenAlone, status] of [
  ["finish", "passed"],
  ["stop", "cancelled"],
] as const) {
  t.test(
    `a trainer whose watcher is killed is to ${whenAlone}, and does, computing and printing`,
    async (t) => {
      const runs = t.testdir();
      const store = folderStore({ folder: runs });
      const script = `
      const { startTrainer } = await import(${JSON.stringify(new URL("../../server/trainer/mod.ts", import.meta.url).href)});
      const { folderStore } = await import(${JSON.stringify(new URL("../../plugins/stores/folder/folder.ts", import.meta.url).href)});
      const trainer = startTrainer(
        ${JSON.stringify(request(runs, { "application.busy": 10, "application.print": true, "application.steps": 150 }))},
        { store: folderStore({ folder: ${JSON.stringify(runs)} }), whenAlone: "${whenAlone}" });
      trainer.events.subscribe(({ type }) => type === "progress" && console.log(trainer.pid));`;
      const watcher = spawn(process.execPath, ["--input-type=module", "-e", script]);
      const [line] = (await once(watcher.stdout, "data")) as [Buffer];
      const pid = Number(String(line).split("\n")[0]);
      watcher.kill("SIGKILL");
      const [id] = await store.list();
      const reader = await store.open(id!);
      t.match(await reader.owner(), { pid }, "it is at it still");
      while ((await reader.owner()) !== undefined) await sleep(50);
      t.equal(await statusOf(store, id!), status, "never an orphan without a record");
    },
  );
}
