/**
 * Whatever dies, freezes or is cut off under a sweep over a queue: its runs end with the metrics of undisturbed ones, each
 * once.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import t, { type Test } from "tap";
import { folderStore } from "../../plugins/stores/folder/folder.ts";
import { lacksPostgres, startPostgres } from "../postgres.ts";
import { startNetwork } from "../proxy.ts";
import {
  answerOf,
  checkOnce,
  type Fleet,
  failuresOf,
  fleetAt,
  metricsOf,
  type Started,
  sweepFile,
  sweepThere,
  underWay,
  WALKS,
} from "./fleet.ts";

t.setTimeout(3_600_000); // a busy machine
t.jobs = 3; // they wait most of the time
process.execArgv = []; // what tap makes every child load
delete process.env.NODE_OPTIONS;

// Minutes of waiting, and more than a file's ten on a busy machine: asked for by `npm run test:faults`.
const missing = process.env.DSGAN_FAULTS === undefined ? "run it by npm run test:faults" : lacksPostgres();
if (missing !== undefined) {
  t.comment(`skipped: ${missing}`);
  process.exit(0);
}
const server = await startPostgres();
t.teardown(() => server.end());

/** What undisturbed runs come to, on the local pool of one process. */
const reference = await (async () => {
  const fleet = await fleetAt(t, server);
  sweepFile(fleet, WALKS.replace("seeds:", "set: { application.delay: 0 }\nseeds:"));
  const { code, err } = await fleet.run(
    "sweep",
    "walks.yaml",
    "--jobs",
    "local",
    "--runs",
    "runs",
    "--quiet",
  );
  if (code !== 0) throw new Error(err);
  return Object.values(await metricsOf(folderStore({ folder: join(fleet.cwd, "runs") })));
})();

/** A sweep under way on a fleet: its host, and trainers that have written checkpoints. */
async function disturb(fleet: Fleet, text = WALKS): Promise<{ host: Started; trainers: readonly number[] }> {
  sweepFile(fleet, text);
  const host = fleet.start("sweep", "walks.yaml", "--quiet");
  return { host, trainers: await underWay(fleet, 2) };
}

/** Checks that a sweep has ended as one that nobody disturbed. */
async function isSound(t: Test, fleet: Fleet, host: Started): Promise<void> {
  const { code, out, err } = await host.ended;
  t.equal(code, 0, out + err);
  t.same(await failuresOf(fleet), [], "no run has failed");
  t.strictSame(Object.values(await metricsOf(fleet.store)), reference, "the metrics of undisturbed runs");
  await checkOnce(t, fleet.store, await sweepThere(fleet), 4);
}

for (const [what, seconds] of [
  ["for 3 s", 3],
  ["for longer than the leases of runs and jobs", 12],
] as const) {
  t.test(`the database is killed ${what}: trainings go on, and nothing is lost or made twice`, async (t) => {
    const own = await startPostgres();
    t.teardown(() => own.end());
    const fleet = await fleetAt(t, own);
    for (const slots of ["2", "2"]) await fleet.worker(["--slots", slots]);
    const { host } = await disturb(fleet);
    await own.kill();
    await sleep(seconds * 1000);
    await own.start();
    await isSound(t, fleet, host);
  });
}

t.test("every process is killed: a new worker and a new host go on", async (t) => {
  const fleet = await fleetAt(t, server);
  const workers = [await fleet.worker(["--slots", "2"]), await fleet.worker(["--slots", "2"])];
  const { host } = await disturb(fleet);
  await Promise.all([host, ...workers].map(fleet.kill));
  await fleet.worker(["--slots", "4"]);
  await isSound(t, fleet, fleet.start("sweep", "resume", await sweepThere(fleet), "--quiet"));
});

t.test("a worker that freezes with its trainers past every lease is refused when it wakes", async (t) => {
  const fleet = await fleetAt(t, server);
  const frozen = await fleet.worker(["--slots", "4"]);
  const { host } = await disturb(fleet);
  process.kill(-frozen.child.pid!, "SIGSTOP");
  await fleet.worker(["--slots", "4"]);
  await isSound(t, fleet, host);
  process.kill(-frozen.child.pid!, "SIGCONT");
  await answerOf(async () => frozen.said().filter(({ type }) => type === "left").length > 0);
  t.match(
    frozen.said().find(({ type }) => type === "left"),
    { why: /no sign of life/ },
  );
  await sleep(1000); // whatever its trainers had yet to write
  await isSound(t, fleet, host);
});

const apart = (host: string): string[] => [
  ...["unshare", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc"],
  ...["sh", "-c", `hostname ${host} && exec "$@"`, "sh"],
];

t.test("workers on two hosts that number processes alike: one dies, the other goes on", async (t) => {
  const [program = "", ...rest] = [...apart("one"), "hostname"];
  const { status, stdout, stderr, error } = spawnSync(program, rest, { encoding: "utf8" });
  if (status !== 0) return void t.comment(`skipped: no namespaces here: ${error?.message ?? stderr.trim()}`);
  t.equal(stdout.trim(), "one");
  t.not(hostname(), "one");
  const fleet = await fleetAt(t, server);
  const first = await fleet.worker(["--slots", "4"], apart("one"));
  const { host } = await disturb(fleet);
  await fleet.worker(["--slots", "4"], apart("two"));
  await fleet.kill(first);
  await isSound(t, fleet, host);
});

t.test("150 ms away, then cut off for longer than the lease: nothing is lost", async (t) => {
  const network = await startNetwork(server.port, 75);
  t.teardown(() => network.end());
  const fleet = await fleetAt(t, server, network.port);
  await fleet.worker(["--slots", "4"]);
  const { host } = await disturb(fleet);
  network.isCut = true;
  await sleep(8000);
  network.isCut = false;
  await isSound(t, fleet, host);
});

t.test("a spool on a full disk stops a run cleanly; with room it goes on", async (t) => {
  const disk = join(t.testdirName, "small");
  mkdirSync(disk, { recursive: true });
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=300k", "tmpfs", disk], { encoding: "utf8" });
  if (mounted.status !== 0)
    return void t.comment(`skipped: no small disk can be mounted: ${mounted.stderr ?? mounted.error}`);
  t.teardown(() => void spawnSync("umount", ["-l", disk]));
  const fleet = await fleetAt(t, server);
  const runs = fleet.url.replace(/spool=.*/, `spool=${disk}`);
  await fleet.worker(["--runs", runs, "--slots", "1"]);
  sweepFile(
    fleet,
    WALKS.replace("seeds:", "set: { application.bytes: 1000000, application.delay: 0 }\nseeds:"),
  );
  const full = await fleet.run("sweep", "walks.yaml");
  t.equal(full.code, 3);
  t.match(full.out, /ENOSPC|no space/i);
  spawnSync("mount", ["-o", "remount,size=16m", disk]);
  await isSound(t, fleet, fleet.start("sweep", "resume", await sweepThere(fleet), "--quiet"));
});
