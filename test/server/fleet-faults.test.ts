/**
 * Whatever dies, freezes or is cut off under a sweep over a queue: its runs end with the metrics of undisturbed ones, each
 * once. Two to three minutes on two busy cores, most of which pass in waiting for leases of 5 s and a silence of 10 s; as
 * many as twenty processes at a time.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
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
  HELD,
  isAlive,
  metricsOf,
  openDoor,
  type Said,
  type Started,
  sweepFile,
  sweepThere,
  underWay,
} from "./fleet.ts";

t.setTimeout(600_000); // a busy machine
t.jobs = 3; // they wait most of the time
process.execArgv = []; // what tap makes every child load
delete process.env.NODE_OPTIONS;

const missing = lacksPostgres();
if (missing !== undefined) {
  t.comment(`skipped: ${missing}`);
  process.exit(0);
}
const server = await startPostgres();
t.teardown(() => server.end());

/** Two runs: whatever is done to them before the door opens finds them under way. */
const PAIR = HELD.replace("seeds: [0, 1]", "seeds: [0]");
const RUNS = 2;

/** What undisturbed runs come to, on the local pool of one process. */
const reference = await (async () => {
  const fleet = await fleetAt(t, server);
  openDoor(fleet);
  sweepFile(fleet, PAIR);
  const pool = ["--jobs", "local", "--runs", "runs"];
  const { code, out, err } = await fleet.run("sweep", "walks.yaml", ...pool, "--quiet");
  if (code !== 0) throw new Error(out + err);
  return Object.values(await metricsOf(folderStore({ folder: join(fleet.cwd, "runs") })));
})();

/** A sweep on a fleet whose runs are under way, up to the door: its host, and their trainers. */
async function disturb(fleet: Fleet, text = PAIR): Promise<{ host: Started; trainers: readonly number[] }> {
  sweepFile(fleet, text);
  const host = fleet.start("sweep", "walks.yaml", "--quiet");
  return { host, trainers: await underWay(fleet, RUNS) };
}

/** Checks that a sweep has ended as one that nobody disturbed. */
async function isSound(t: Test, fleet: Fleet, host: Started): Promise<void> {
  const { code, out, err } = await host.ended;
  t.equal(code, 0, out + err);
  t.same(await failuresOf(fleet), [], "no run has failed");
  t.strictSame(Object.values(await metricsOf(fleet.store)), reference, "the metrics of undisturbed runs");
  await checkOnce(t, fleet.store, await sweepThere(fleet), RUNS);
}

for (const [what, seconds] of [
  ["for 3 s", 3],
  ["for longer than the leases of runs and jobs", 12],
] as const) {
  t.test(`the database is killed ${what}: trainings go on, and nothing is lost or made twice`, async (t) => {
    const own = await startPostgres();
    t.teardown(() => own.end());
    const fleet = await fleetAt(t, own);
    for (let n = 0; n < 2; n++) await fleet.worker();
    const { host } = await disturb(fleet);
    await own.kill();
    openDoor(fleet);
    await sleep(seconds * 1000);
    await own.start();
    await isSound(t, fleet, host);
  });
}

t.test("every process is killed: a new worker and a new host go on", async (t) => {
  const fleet = await fleetAt(t, server);
  const workers = [await fleet.worker(), await fleet.worker()];
  const { host, trainers } = await disturb(fleet);
  for (const pid of trainers) process.kill(pid, "SIGKILL");
  await Promise.all([host, ...workers].map(fleet.kill));
  openDoor(fleet);
  await fleet.worker(["--slots", "2"]);
  await isSound(t, fleet, fleet.start("sweep", "resume", await sweepThere(fleet), "--quiet"));
});

t.test("a worker that freezes with its trainers past every lease is refused when it wakes", async (t) => {
  const fleet = await fleetAt(t, server);
  const frozen = await fleet.worker(["--slots", "2"]);
  const { host, trainers } = await disturb(fleet);
  const asleep = [frozen.child.pid!, ...trainers];
  for (const pid of asleep) process.kill(pid, "SIGSTOP");
  t.teardown(() => trainers.filter(isAlive).map((pid) => process.kill(pid, "SIGKILL")));
  openDoor(fleet);
  await fleet.worker(["--slots", "2"]);
  await isSound(t, fleet, host);
  for (const pid of asleep) process.kill(pid, "SIGCONT");
  /** The worker learns of each run from the queue, or from its trainer. */
  const given = (): readonly Said[] =>
    frozen.said().filter(({ type }) => type === "left" || type === "ended");
  await answerOf(async () => given().length === RUNS);
  for (const said of given()) {
    if (said.type === "left") t.match(said, { why: /no sign of life/ });
    else t.match(said, { end: { kind: "lost", message: /was taken over by process/ } });
  }
  await answerOf(async () => !trainers.some(isAlive));
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
  const first = await fleet.worker(["--slots", "2"], apart("one"));
  const { host } = await disturb(fleet);
  await fleet.worker(["--slots", "2"], apart("two"));
  await fleet.kill(first);
  openDoor(fleet);
  await isSound(t, fleet, host);
});

t.test("150 ms away, then cut off for longer than the lease: nothing is lost", async (t) => {
  const network = await startNetwork(server.port, 75);
  t.teardown(() => network.end());
  const fleet = await fleetAt(t, server, network.port);
  await fleet.worker(["--slots", "2"]);
  const { host } = await disturb(fleet);
  network.isCut = true;
  openDoor(fleet);
  await sleep(8000);
  network.isCut = false;
  await isSound(t, fleet, host);
});

t.test("a spool on a full disk, with the database away: runs wait for it, and nothing is lost", async (t) => {
  const disk = mkdtempSync(join(tmpdir(), "dsgan-small-"));
  t.teardown(() => {
    spawnSync("umount", ["-l", disk]);
    rmSync(disk, { recursive: true, force: true });
  });
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=300k", "tmpfs", disk], { encoding: "utf8" });
  if (mounted.status !== 0)
    return void t.comment(`skipped: no small disk can be mounted: ${mounted.stderr ?? mounted.error}`);
  const own = await startPostgres();
  t.teardown(() => own.end());
  const fleet = await fleetAt(t, own);
  await fleet.worker(["--runs", fleet.url.replace(/spool=.*/, `spool=${disk}`), "--slots", "2"]);
  // What each run leaves at its end is more than the disk holds.
  const { host } = await disturb(fleet, PAIR.replace("set: {", "set: { application.bytes: 1000000,"));
  await own.kill();
  openDoor(fleet);
  await sleep(5000);
  t.ok(readdirSync(disk).length > 0, "what cannot be stored is kept there, as far as there is room");
  await own.start();
  await isSound(t, fleet, host);
  t.same(readdirSync(disk), [], "all is shipped");
});
