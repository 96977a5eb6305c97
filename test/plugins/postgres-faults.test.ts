/** Whatever happens to server, network, trainer or disk: a run ends with the numbers of an undisturbed one, or says why. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { lastValueFrom, type Observable, tap } from "rxjs";
import t, { type Test } from "tap";
import {
  isOfApplication,
  loadScenario,
  type RunEvent,
  RunLost,
  type RunResult,
  reopenScenario,
  run,
  type Store,
} from "../../core/mod.ts";
import { builtinPlugins } from "../../plugins/mod.ts";
import { memoryStore } from "../../plugins/stores/memory/memory.ts";
import { postgresStore } from "../../plugins/stores/postgres/postgres.ts";
import { createApp } from "../../server/http/mod.ts";
import { lacksPostgres, startPostgres } from "../postgres.ts";
import { startNetwork } from "../proxy.ts";

t.setTimeout(600_000); // minutes on a busy machine

const LEASE = 1000;
const file = fileURLToPath(new URL("../fixtures/short.yaml", import.meta.url));
const text = readFileSync(file, "utf8");

/** A new run, or one to go on with. Nothing happens before a subscription. */
async function training(store: Store, resume?: string): Promise<Observable<RunEvent>> {
  if (resume !== undefined) {
    const loaded = await reopenScenario(await store.open(resume), builtinPlugins);
    return run(loaded, { store, resume });
  }
  const loaded = await loadScenario(text, { base: pathToFileURL(file), file, plugins: builtinPlugins });
  return run(loaded, { store, id: "demo" });
}

/** A training under way: how far it has come by its own account, which may be ahead of the store. */
function begin(events: Observable<RunEvent>) {
  let seen = 0;
  const waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  const ended = lastValueFrom(
    events.pipe(
      tap(() => {
        seen++;
        for (const { count, resolve } of waiting) if (seen >= count) resolve();
      }),
    ),
  );
  ended.catch(() => {}); // awaited later
  return {
    ended,
    get seen() {
      return seen;
    },
    /** Resolves once it has told of so many events, or cannot any more. */
    has: (count: number) =>
      Promise.race([new Promise<void>((resolve) => waiting.push({ count, resolve })), ended.then(() => {})]),
  };
}

/** What an application says in a run, without numbers and times. */
const bodies = (events: readonly RunEvent[]): unknown[] =>
  events.filter(isOfApplication).map(({ seq, time, ...body }) => body);

/** Tries until there is a result. */
async function until<T>(what: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const result = await what().catch(() => undefined);
    if (result !== undefined) return result;
    await sleep(50);
  }
}

const reason = lacksPostgres();
if (reason !== undefined) t.plan(0, reason);
else {
  process.execArgv = []; // what tap makes every child load
  delete process.env.NODE_OPTIONS;
  const server = await startPostgres();
  t.teardown(() => server.end());

  const undisturbed = memoryStore();
  await lastValueFrom(await training(undisturbed));
  const reference = await undisturbed.open("demo");
  const metrics = (await reference.result())!.metrics;
  const said = bodies(await reference.events());

  const checkWhole = async (t: Test, store: Store): Promise<void> => {
    const reader = await store.open("demo");
    const events = await reader.events();
    t.strictSame(
      events.map(({ seq }) => seq),
      events.map((_, i) => i + 1),
      "events are numbered without gap or repeat",
    );
    t.strictSame((await reader.result())?.metrics, metrics, "with the metrics of an undisturbed run");
    t.strictSame(bodies(events), said, "and its events");
    t.equal(events.filter(({ type }) => type === "ended").length, 1);
    t.equal(await reader.owner(), undefined);
    t.equal((await store.glance("demo")).status, ((await reader.result()) as RunResult).status);
  };

  await t.test("a server that is killed for 3 s: the training goes on, nothing is lost", async (t) => {
    const url = await server.database();
    const trained = begin(await training(postgresStore({ url, spool: t.testdir() })));
    await trained.has(20);
    await server.kill();
    const before = trained.seen;
    await trained.has(before + 20);
    t.ok(trained.seen >= before + 20, "it tells of new events while the server is away");
    await sleep(3000);
    await server.start();
    await trained.ended;
    await checkWhole(t, postgresStore({ url }));
    t.strictSame(readdirSync(t.testdirName), [], "the spool is empty");
  });

  await t.test(
    "a server that is killed for longer than the lease: the run goes on if nobody took it",
    async (t) => {
      const url = await server.database();
      const trained = begin(await training(postgresStore({ url, spool: t.testdir() }, { lease: LEASE })));
      await trained.has(20);
      await server.kill();
      await sleep(3 * LEASE);
      await server.start();
      await trained.ended;
      await checkWhole(t, postgresStore({ url }));
    },
  );

  await t.test("without a spool too, a short absence is waited for", async (t) => {
    const url = await server.database();
    const trained = begin(await training(postgresStore({ url, spool: "off" })));
    await trained.has(20);
    await server.kill();
    await server.start();
    await trained.ended;
    await checkWhole(t, postgresStore({ url }));
  });

  await t.test(
    "a partition: whoever takes the run over ends it, the one that was cut off is refused",
    async (t) => {
      const url = await server.database();
      const network = await startNetwork(server.port, 0);
      t.teardown(() => network.end());
      const far = url.replace(String(server.port), String(network.port));
      const cutOff = begin(await training(postgresStore({ url: far, spool: t.testdir() }, { lease: LEASE })));
      const near = postgresStore({ url, spool: "off" }, { lease: LEASE });
      await until(async () =>
        (await near.open("demo").then((r) => r.files("checkpoints/"))).length > 0 ? true : undefined,
      );
      network.isCut = true;
      await until(async () => ((await near.glance("demo")).status === "abandoned" ? true : undefined));
      await lastValueFrom(await training(near, "demo"));
      await checkWhole(t, near);
      network.isCut = false; // what was under way arrives now
      await t.rejects(cutOff.ended, RunLost, "it is told");
      await checkWhole(t, near);
    },
  );

  await t.test("150 ms away: events share round trips, and their order stays", async (t) => {
    const url = await server.database();
    const network = await startNetwork(server.port, 75);
    t.teardown(() => network.end());
    const far = url.replace(String(server.port), String(network.port));
    const trained = begin(await training(postgresStore({ url: far, spool: t.testdir() })));
    await trained.ended;
    t.ok(network.roundTrips < trained.seen, `${network.roundTrips} round trips for ${trained.seen} events`);
    await checkWhole(t, postgresStore({ url }));
  });

  const child = (url: string, spool: string): ChildProcess => {
    const modules = ["core/mod.ts", "plugins/mod.ts", "plugins/stores/postgres/postgres.ts"];
    const [core, plugins, postgres] = modules.map((path) => new URL(`../../${path}`, import.meta.url).href);
    const script = `
      import { readFileSync } from "node:fs";
      import { pathToFileURL } from "node:url";
      const { loadScenario, run } = await import(${JSON.stringify(core)});
      const { builtinPlugins: plugins } = await import(${JSON.stringify(plugins)});
      const { postgresStore } = await import(${JSON.stringify(postgres)});
      const file = ${JSON.stringify(file)};
      const loaded = await loadScenario(readFileSync(file, "utf8"), { base: pathToFileURL(file), file, plugins });
      const store = postgresStore(${JSON.stringify({ url, spool })}, { lease: ${LEASE} });
      run(loaded, { store, id: "demo" }).subscribe({
        error: (error) => { console.log(error.name); process.exit(7); },
        complete: () => process.exit(0),
      });`;
    return spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
  };
  const hasCheckpoint = (store: Store): Promise<boolean> =>
    until(async () => {
      const files = await (await store.open("demo")).files("checkpoints/");
      return files.some((path) => path.endsWith(".json")) ? true : undefined;
    });

  await t.test(
    "a trainer that is stopped past its lease: the successor ends the run, the zombie is refused",
    async (t) => {
      const url = await server.database();
      const store = postgresStore({ url, spool: "off" }, { lease: LEASE });
      const zombie = child(url, t.testdir());
      await hasCheckpoint(store);
      zombie.kill("SIGSTOP");
      const exit = once(zombie, "exit");
      const words: string[] = [];
      zombie.stdout!.on("data", (data) => words.push(String(data)));
      await until(async () => ((await store.glance("demo")).status === "abandoned" ? true : undefined));
      await lastValueFrom(await training(store, "demo"));
      await checkWhole(t, store);
      zombie.kill("SIGCONT");
      t.equal((await exit)[0], 7);
      t.equal(words.join("").trim(), "RunLost");
      await checkWhole(t, store);
    },
  );

  await t.test(
    "a trainer that is killed: another of this machine goes on at once, and cleans up",
    async (t) => {
      const url = await server.database();
      const spool = t.testdir();
      const store = postgresStore({ url, spool });
      const killed = child(url, spool);
      await hasCheckpoint(store);
      killed.kill("SIGKILL");
      await once(killed, "exit");
      t.equal(readdirSync(spool).length, 1, "it leaves its spool");
      await lastValueFrom(await training(store, "demo"));
      await checkWhole(t, store);
      t.strictSame(readdirSync(spool), [], "which is removed");
    },
  );

  const disk = join(t.testdirName, "small");
  const cannotMount = (): string | undefined => {
    try {
      mkdirSync(disk, { recursive: true });
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], { stdio: "pipe" });
      return undefined;
    } catch {
      return "a small disk cannot be mounted here";
    }
  };
  const noDisk = cannotMount();
  if (noDisk === undefined) t.teardown(() => execFileSync("umount", ["-l", disk]));
  /** Fills the disk, but for a few bytes. */
  const fill = (room: number): void => {
    rmSync(join(disk, "filler"), { force: true });
    writeFileSync(join(disk, "filler"), new Uint8Array(2 ** 20 - room - 16_384));
  };
  const free = (): void => rmSync(join(disk, "filler"), { force: true });

  await t.test(
    "a full spool disk: the run goes on at the network's pace",
    { skip: noDisk ?? false },
    async (t) => {
      const url = await server.database();
      const trained = begin(await training(postgresStore({ url, spool: join(disk, "spool") })));
      await trained.has(5);
      try {
        fill(0);
      } catch {} // full is what it was to be
      await trained.ended;
      free();
      await checkWhole(t, postgresStore({ url }));
    },
  );

  await t.test(
    "a full spool disk and no server: the run stops, says why, and can be resumed",
    { skip: noDisk ?? false },
    async (t) => {
      const url = await server.database();
      const spool = join(disk, "spool");
      const trained = begin(await training(postgresStore({ url, spool }, { lease: LEASE, attempts: 2 })));
      await hasCheckpoint(postgresStore({ url }));
      await server.kill();
      try {
        fill(0);
      } catch {}
      await t.rejects(trained.ended, {
        name: "RunError",
        message: /can be resumed|resume the run|resumes the run/,
      });
      const told = await trained.ended.catch((error: Error) => error);
      t.notMatch(String((told as Error).stack), "secret");
      free();
      await server.start();
      t.strictSame(readdirSync(spool), [], "it leaves nothing on the disk");
      const store = postgresStore({ url, spool }, { lease: LEASE });
      await lastValueFrom(await training(store, "demo"));
      await checkWhole(t, store);
    },
  );

  await t.test("a stream of a live run has every event, by notification", async (t) => {
    const url = await server.database();
    const app = createApp(postgresStore({ url }));
    const trained = begin(await training(postgresStore({ url, spool: t.testdir() })));
    await trained.has(5);
    await until(async () => ((await postgresStore({ url }).list()).length > 0 ? true : undefined));
    const body = await (await app.request("/api/runs/demo/stream")).text();
    await trained.ended;
    const seqs = [...body.matchAll(/^data: \{"seq":(\d+)/gm)].map((match) => Number(match[1]));
    t.strictSame(
      seqs,
      seqs.map((_, i) => i + 1),
    );
    t.equal(seqs.length, (await (await postgresStore({ url }).open("demo")).extent()).last);
    await checkWhole(t, postgresStore({ url }));
  });
}
