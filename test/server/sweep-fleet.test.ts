/**
 * `dsgan sweep` over a queue: workers make its runs, wherever its host is, and whether it lives. About two minutes on two
 * busy cores.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { folderStore } from "../../plugins/stores/folder/folder.ts";
import { lacksPostgres, startPostgres } from "../postgres.ts";
import {
  answerOf,
  checkOnce,
  fleetAt,
  HELD,
  metricsOf,
  openDoor,
  outcomes,
  sweepFile,
  sweepThere,
  underWay,
  WALKS,
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
const example = fileURLToPath(new URL("../../scenarios/examples/sweep-ring.yaml", import.meta.url));

t.test("the same sweep on the local pool and over two workers has the same metrics", async (t) => {
  const fleet = await fleetAt(t, server);
  // The example, shortened: what it is scored by is measured all the same.
  const text = readFileSync(example, "utf8")
    .replace("application.steps: 600", "application.steps: 30, application.samples: 200")
    .replace(/^expect:[\s\S]*$/m, "");
  sweepFile(fleet, text, "sweep-ring.yaml");
  const [pool] = await Promise.all([
    fleet.run("sweep", "sweep-ring.yaml", "--quiet", "--runs", "runs"),
    (async () => {
      const workers = await Promise.all([fleet.worker(), fleet.worker()]);
      const { code, out, err } = await fleet.run("sweep", "sweep-ring.yaml");
      t.equal(code, 0, err);
      t.match(out, /grid, 2 seeds, 2 workers with 2 slots at postgres:\/\//);
      t.notMatch(out + err, "secret");
      for (const { said } of workers) {
        t.ok(
          said().some(({ type }) => type === "ended"),
          "each worker has made some",
        );
      }
    })(),
  ]);
  t.equal(pool.code, 0, pool.err);
  const local = folderStore({ folder: join(fleet.cwd, "runs") });
  const metrics = await metricsOf(local);
  t.equal(Object.keys(metrics).length, 8);
  t.strictSame(await metricsOf(fleet.store), metrics, "bit for bit");
  await checkOnce(t, fleet.store, await sweepThere(fleet), 8);
});

const lacksTerminal = existsSync("/usr/bin/script")
  ? false
  : "no command `script` here: apt-get install bsdutils";

t.test("a terminal shows how far runs are that workers make", { skip: lacksTerminal }, async (t) => {
  const fleet = await fleetAt(t, server);
  sweepFile(fleet, HELD);
  await fleet.worker(["--slots", "4"]);
  const host = fleet.onTerminal("sweep", "walks.yaml");
  await answerOf(async () => /size=1 +running +seed 0 50 % +seed 1 50 %/.test(host.out()));
  openDoor(fleet);
  const { code, out } = await host.ended;
  t.equal(code, 0, out);
  t.match(out, /^2 +ended +2\/2/m);
});

t.test("a host that is killed loses nothing: workers go on, and another host takes over", async (t) => {
  const fleet = await fleetAt(t, server);
  sweepFile(fleet, HELD);
  const worker = await fleet.worker(["--slots", "4"]);
  const host = fleet.start("sweep", "walks.yaml", "--quiet");
  await answerOf(async () => worker.said().some(({ type }) => type === "taken"));
  const id = await sweepThere(fleet);
  const second = await fleet.run("sweep", "walks.yaml");
  t.match(second, { code: 2, err: new RegExp(`process ${host.child.pid} .* hosts sweep ${id} already`) });
  await fleet.kill(host);
  t.match(
    (await fleet.run("sweep", "status", id)).out,
    /no host: workers go on with what was put, 0 of 4 jobs over/,
  );
  openDoor(fleet);
  await answerOf(async () => Object.values(await metricsOf(fleet.store)).filter(Boolean).length === 4);
  t.same(await outcomes(fleet.store, id), { put: 4, over: 0 }, "nobody has written them down yet");
  const resumed = await fleet.run("sweep", "resume", id, "--json");
  t.equal(resumed.code, 0, resumed.err);
  t.match(JSON.parse(resumed.out.trim().split("\n").at(-1)!), {
    status: "passed",
    jobs: { put: 4, over: 4 },
  });
  await checkOnce(t, fleet.store, id, 4);
});

t.test(
  "a sweep is detached, interrupted, cancelled from elsewhere with and without a host, and resumed",
  async (t) => {
    const fleet = await fleetAt(t, server);
    sweepFile(fleet, HELD);
    await fleet.worker(["--slots", "4"]);
    const detached = await fleet.run("sweep", "walks.yaml", "--detach");
    t.equal(detached.code, 0, detached.err);
    const id = await sweepThere(fleet);
    await underWay(fleet, 2);
    t.match(
      (await fleet.run("sweep", "cancel", id)).out,
      `sweep ${id}: cancelled; go on with: dsgan sweep resume`,
    );
    t.match(await (await fleet.store.open(id)).result(), { status: "cancelled" });
    t.match(await fleet.run("sweep", "cancel", id), { code: 2, err: /is not running: cancelled/ });
    await answerOf(async () => {
      for (const run of await fleet.store.list())
        if ((await (await fleet.store.open(run)).owner()) !== undefined) return false;
      return true;
    });

    const host = fleet.start("sweep", "resume", id);
    await underWay(fleet, 2);
    host.child.kill("SIGTERM");
    const { code, out } = await host.ended;
    t.equal(code, 143);
    t.match(out, `workers go on with the jobs that sweep ${id} has put`);
    const again = await fleet.run("sweep", "cancel", id);
    t.match(again.out, "cancelled", "by a process in the place of the host");
    openDoor(fleet);
    const ended = await fleet.run("sweep", "resume", id, "--quiet");
    t.equal(ended.code, 0, ended.err);
    await checkOnce(t, fleet.store, id, 4);
  },
);

t.test("failed runs are tried again by resume; a host may make runs itself", async (t) => {
  const fleet = await fleetAt(t, server);
  const core = new URL("../../core/mod.ts", import.meta.url).pathname;
  const plugin = readFileSync(fileURLToPath(new URL("../fixtures/walk.ts", import.meta.url)), "utf8");
  const mended = plugin.replace("../../core/mod.ts", core);
  // The application breaks until its file is mended.
  const broken = mended.replace(
    "yield await artifact",
    'if (size > 1) throw new Error("not mended yet");\n      yield await artifact',
  );
  writeFileSync(join(fleet.cwd, "walk.ts"), broken);
  writeFileSync(
    join(fleet.cwd, "mine.yaml"),
    "plugins: [./walk.ts]\nengine: cpu\napplication: { use: walk }\n",
  );
  sweepFile(fleet, WALKS.replace(/scenario: .*/, "scenario: ./mine.yaml"));
  const first = await fleet.run("sweep", "walks.yaml", "--slots", "2");
  t.equal(first.code, 0, first.err);
  t.match(first.out, /^2 +failed, 2 runs failed +0\/2/m);
  t.match(first.out, "2 at once here, 0 workers with 0 slots at postgres://");
  t.match((await fleet.run("sweep", "walks.yaml")).out, /2 runs failed/, "the sweep itself is over");
  writeFileSync(join(fleet.cwd, "walk.ts"), mended);
  const again = await fleet.run("sweep", "resume", await sweepThere(fleet), "--slots", "2");
  t.equal(again.code, 0, again.out + again.err);
  t.match(again.out, /^2 +ended +2\/2/m);
});

t.test("sweeps that share runs make each once, and spend no retries on waiting", async (t) => {
  const fleet = await fleetAt(t, server);
  const walks = `${HELD}limits: { retries: 0 }\n`;
  sweepFile(fleet, walks);
  sweepFile(fleet, walks.replace("[1, 2]", "[2, 1, 3]"), "more.yaml");
  const worker = await fleet.worker(["--slots", "8"]); // more than there are runs
  const both = ["walks.yaml", "more.yaml"].map((file) => fleet.run("sweep", file));
  // A job waits for a run that another makes.
  await answerOf(async () =>
    worker.said().some(({ end }) => (end as { isBlocked?: boolean } | undefined)?.isBlocked),
  );
  openDoor(fleet);
  for (const { code, out, err } of await Promise.all(both)) t.equal(code, 0, out + err);
  const metrics = await metricsOf(fleet.store);
  t.equal(Object.keys(metrics).length, 6, "three trials of two seeds");
  for (const id of Object.keys(metrics)) {
    const events = await (await fleet.store.open(id)).events();
    t.equal(
      events.filter(({ type }) => type === "started" || type === "resumed").length,
      1,
      `${id} was made once`,
    );
  }
});
