/** Real processes that write one run: in containers of one name, under a changed name, stopped and awake again. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { filter, firstValueFrom, lastValueFrom } from "rxjs";
import t from "tap";
import { loadScenario, type RunEvent, RunLost, reopenScenario, run } from "../../core/mod.ts";
import { builtinPlugins } from "../../plugins/mod.ts";
import { folderStore } from "../../plugins/stores/folder/folder.ts";
import { startTrainer } from "../../server/trainer/mod.ts";

t.setTimeout(600_000); // a lease lasts half a minute, and machines are busy

const main = fileURLToPath(new URL("../../server/cli/main.ts", import.meta.url));
const file = fileURLToPath(new URL("../fixtures/short.yaml", import.meta.url));
const text = readFileSync(file, "utf8");
const base = pathToFileURL(file);
process.execArgv = []; // what tap makes every child load
delete process.env.NODE_OPTIONS;

const dsgan = (...args: string[]): string[] => [process.execPath, main, ...args];
const seqs = (events: readonly RunEvent[]): number[] => events.map(({ seq }) => seq);
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);

/** Whether processes can be put into namespaces here. */
function unshareRefused(...flags: string[]): string | undefined {
  const { status, stderr, error } = spawnSync("unshare", [...flags, "true"], { encoding: "utf8" });
  return status === 0 ? undefined : `unshare ${flags.join(" ")}: ${error?.message ?? stderr.trim()}`;
}

/** The run of a folder, once it has a checkpoint. */
async function begun(folder: string): Promise<string> {
  const store = folderStore({ folder });
  for (;;) {
    const [id] = await store.list();
    if (id !== undefined && (await (await store.open(id)).files("checkpoints/")).length >= 2) return id;
    await sleep(50);
  }
}

async function outputOf(command: readonly string[]): Promise<{ code: number | null; text: string }> {
  const child = spawn(command[0]!, command.slice(1));
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (text += data));
  const [code] = await once(child, "close");
  return { code, text };
}

/** Metrics of the same run, undisturbed. */
const reference = await (async () => {
  const store = folderStore({ folder: t.testdir() });
  await lastValueFrom(run(await loadScenario(text, { base, file, plugins: builtinPlugins }), { store }));
  return (await (await store.open((await store.list())[0]!)).result())!.metrics;
})();

const kill = (child: ChildProcess): boolean => process.kill(-child.pid!, "SIGKILL");
/** So long that it does not end before it is killed. */
const long = ["--set", "application.steps=1000000", "--set", "checkpoint.steps=50"];

t.test("a container of the same name does not take the run of a live one", async (t) => {
  const container = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"];
  const refused = unshareRefused(...container.slice(1));
  if (refused !== undefined) return void t.comment(`skipped: ${refused}`);
  const folder = t.testdir();
  const [first, ...rest] = [...container, ...dsgan("run", file, "--runs", folder, "--quiet", ...long)];
  const writer = spawn(first!, rest, { detached: true, stdio: "ignore" });
  try {
    const id = await begun(folder);
    const store = folderStore({ folder });
    const other = await outputOf([...container, ...dsgan("resume", id, "--runs", folder, "--quiet")]);
    t.equal(other.code, 2, other.text);
    t.match(other.text, `run ${id} is being written by process`);
    t.match(other.text, hostname());
    const reader = await store.open(id);
    const last = (await reader.events()).at(-1)!.seq;
    while ((await reader.events(last)).length === 0) await sleep(100); // the first one goes on
    t.strictSame(seqs(await reader.events()), upTo((await reader.events()).length));
    t.match(await reader.owner(), { epoch: 1, isHere: false });
  } finally {
    kill(writer);
    await once(writer, "close");
  }
});

t.test("a run that was killed is resumed though the machine has another name now", async (t) => {
  const refused = unshareRefused("--uts");
  if (refused !== undefined) return void t.comment(`skipped: ${refused}`);
  const folder = t.testdir();
  const args = dsgan("run", file, "--runs", folder, "--quiet");
  const script = 'hostname a-name-of-before && exec "$@"';
  const watcher = spawn(
    "unshare",
    ["--uts", "sh", "-c", script, "-", ...args, "--set", "checkpoint.steps=20"],
    {
      detached: true,
      stdio: "ignore",
    },
  );
  const id = await begun(folder);
  const store = folderStore({ folder });
  const reader = await store.open(id);
  const owner = (await reader.owner())!;
  t.match(owner, { host: "a-name-of-before", isHere: true });
  process.kill(watcher.pid!, "SIGSTOP"); // so that it cannot record the end
  process.kill(owner.pid, "SIGKILL");
  kill(watcher);
  await once(watcher, "close");
  t.equal(await reader.result(), undefined);
  while ((await reader.owner()) !== undefined) await sleep(20); // the system takes a moment to end a process
  t.equal((await store.glance(id)).status, "abandoned");
  const again = await outputOf([...args, "--resume", "--set", "checkpoint.steps=20"]);
  t.equal(again.code, 0, again.text);
  t.strictSame(await store.list(), [id], "no run was begun anew");
  t.strictSame((await reader.result())?.metrics, reference);
  t.strictSame(seqs(await reader.events()), upTo((await reader.events()).length));
});

t.test("a trainer that was stopped past its lease is refused when it wakes", async (t) => {
  const folder = t.testdir();
  const store = folderStore({ folder });
  const trainer = startTrainer({ runs: folder, scenario: { text, file, base: base.href } }, { store });
  await firstValueFrom(trainer.events.pipe(filter(({ type }) => type === "checkpoint")));
  process.kill(trainer.pid!, "SIGSTOP");
  const id = await trainer.run;
  const reader = await store.open(id);
  while ((await reader.owner()) !== undefined) await sleep(500);
  t.equal((await store.glance(id)).status, "abandoned");
  await lastValueFrom(run(await reopenScenario(reader, builtinPlugins), { store, resume: id }));
  const events = await reader.events();
  const result = await reader.result();
  process.kill(trainer.pid!, "SIGCONT");
  const error = await trainer.ended.catch((error: unknown) => error);
  t.ok(error instanceof RunLost, String(error));
  t.match(error, { message: `run ${id} was taken over by process ${process.pid} on ${hostname()}` });
  t.strictSame(await reader.events(), events, "it added nothing");
  t.strictSame(await reader.result(), result);
  t.equal(result?.status, "passed");
  t.strictSame(result?.metrics, reference);
  t.strictSame(seqs(events), upTo(events.length));
});
