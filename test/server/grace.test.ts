/** Runs that do not stop when they are told to: they are killed, and end as what they were. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { filter, firstValueFrom, lastValueFrom, toArray } from "rxjs";
import t from "tap";
import { reopenScenario, run } from "../../core/mod.ts";
import { localJobs } from "../../plugins/jobs/mod.ts";
import { builtinPlugins } from "../../plugins/mod.ts";
import { folderStore } from "../../plugins/stores/folder/folder.ts";
import { trainerQueue } from "../../server/http/node.ts";
import { startTrainer, type Trainer, type TrainerOptions } from "../../server/trainer/mod.ts";
import { modules } from "../../server/trainer/modules.ts";
import { isAlive } from "./fleet.ts";

t.setTimeout(300_000); // minutes on a busy machine

const root = fileURLToPath(new URL("../..", import.meta.url));
const toy = join(root, "test/fixtures/toy.yaml");
process.execArgv = []; // what tap makes every child load
delete process.env.NODE_OPTIONS;

const silent = (): Writable => new Writable({ write: (_chunk, _encoding, done) => done() });

/** A run whose steps take so many milliseconds, in which its process hears of nothing. */
function scenarioOf(busy: number) {
  const overrides = [
    { path: "application.busy", value: String(busy) },
    { path: "application.steps", value: "1000" },
    { path: "checkpoint.steps", value: "1" },
  ];
  return {
    text: readFileSync(toy, "utf8"),
    file: "toy.yaml",
    base: pathToFileURL(toy).href,
    name: "toy",
    overrides,
  };
}

function begin(runs: string, busy: number, options: Partial<TrainerOptions>) {
  const store = folderStore({ folder: runs });
  return {
    store,
    trainer: startTrainer({ runs, scenario: scenarioOf(busy) }, { store, output: silent(), ...options }),
  };
}

const told = (trainer: Trainer, type: string): Promise<unknown> =>
  firstValueFrom(trainer.events.pipe(filter((event) => event.type === type)));

const FOREVER = 1e9;

t.test("a step without end is cut off after the grace time, and its run ends as cancelled", async (t) => {
  const { store, trainer } = begin(t.testdir(), FOREVER, { grace: 1 });
  await told(trainer, "stage");
  trainer.cancel("told to");
  const result = await trainer.ended;
  t.match(result, { status: "cancelled" });
  t.equal(result.error, undefined);
  const events = await (await store.open(result.run)).events();
  t.match(events.at(-1), { type: "ended", status: "cancelled" });
  t.equal((await store.glance(result.run)).status, "cancelled");
});

t.test("a run that stops in time keeps its last step, and can be resumed", async (t) => {
  const { store, trainer } = begin(t.testdir(), 20, { grace: 120 });
  await told(trainer, "progress");
  trainer.cancel("told to");
  const { run: id, status } = await trainer.ended;
  t.equal(status, "cancelled");
  const reader = await store.open(id);
  t.ok((await reader.files("checkpoints/")).length > 0);
  const loaded = await reopenScenario(reader, builtinPlugins, modules);
  const going = run(loaded, { store, resume: id, signal: AbortSignal.abort(new Error("enough")) });
  t.equal((await lastValueFrom(going.pipe(toArray()))).filter(({ type }) => type === "resumed").length, 1);
});

t.test("a trainer that takes more memory than it may is killed, and its run says so", async (t) => {
  const { trainer } = begin(t.testdir(), FOREVER, { memory: 20 });
  const why = await trainer.ended.then(
    ({ error }) => error?.message,
    (error) => error.message, // it may take as much before its run has begun
  );
  t.match(why, /took \d+ MB of memory, and may take 20/);
});

t.test("a queue stops a run that has had its time, and cancels one that hangs", async (t) => {
  const runs = t.testdir();
  const store = folderStore({ folder: runs });
  const jobs = localJobs();
  const queue = trainerQueue({ runs, store, jobs, grace: 1, minutes: 0.1 });
  const job = await queue.start({ ...scenarioOf(FOREVER), allow: ["./toy.ts"] });
  for (let waited = 0; waited < 200; waited += 0.5) {
    if (queue.jobs().every(({ state }) => state === "ended" || state === "failed")) break;
    await sleep(500);
  }
  t.match(queue.jobs(), [{ state: "ended" }]);
  const id = queue.jobs()[0]!.run!;
  t.match(await (await store.open(id)).result(), { status: "cancelled" });
  t.equal(queue.jobs()[0]!.ticket, job.ticket);
  await queue.close();
  await jobs.close();
});

t.test(
  "no trainer outlives its server, whatever it computes",
  { skip: process.platform !== "linux" && "it looks into /proc" },
  async (t) => {
    const runs = t.testdir();
    const program = `
      import { startTrainer } from ${JSON.stringify(new URL("../../server/trainer/mod.ts", import.meta.url).href)};
      import { folderStore } from ${JSON.stringify(new URL("../../plugins/stores/folder/folder.ts", import.meta.url).href)};
      const request = ${JSON.stringify({ runs, scenario: scenarioOf(FOREVER) })};
      const trainer = startTrainer(request, { store: folderStore({ folder: request.runs }), grace: 1 });
      trainer.events.subscribe((event) => event.type === "stage" && console.log(trainer.pid));
    `;
    const server = spawn(process.execPath, ["--input-type=module", "--eval", program]);
    const [printed] = (await new Promise((resolve) =>
      server.stdout.once("data", (data) => resolve([data])),
    )) as [Buffer];
    const pid = Number(printed.toString());
    t.ok(isAlive(pid));
    server.kill("SIGKILL");
    for (let waited = 0; waited < 120 && isAlive(pid); waited++) await sleep(500);
    t.equal(isAlive(pid), false);
  },
);
