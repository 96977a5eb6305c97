/** The recipes for fleets: commands, batch script and manifest are taken from their page as they stand there. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import t, { type Test } from "tap";
import { parse } from "yaml";
import { z } from "zod";
import { lacksPostgres, startPostgres } from "../postgres.ts";
import { lacksSlurm, startSlurm } from "../slurm.ts";
import { answerOf, checkOnce, fleetAt, sweepFile, sweepThere, underWay, WALKS } from "./fleet.ts";

t.setTimeout(600_000); // a busy machine
process.execArgv = []; // what tap makes every child load
delete process.env.NODE_OPTIONS;

const main = fileURLToPath(new URL("../../server/cli/main.ts", import.meta.url));
const page = readFileSync(fileURLToPath(new URL("../../server/worker/README.md", import.meta.url)), "utf8");

/** A block of the page. */
function block(kind: string): string {
  const [, text] = new RegExp(`^\`\`\`${kind}\\n(.*?)^\`\`\``, "ms").exec(page) ?? [];
  if (text === undefined) throw new Error(`the page has no block ${kind}`);
  return text;
}

/** A folder with the command `dsgan`, as PATH has it. */
function commands(t: Test): string {
  const bin = join(t.testdir(), "bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "dsgan"), `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`);
  chmodSync(join(bin, "dsgan"), 0o755);
  return `${bin}${delimiter}${process.env.PATH}`;
}

t.test("Debian's PostgreSQL and two workers", { skip: lacksPostgres() ?? false }, async (t) => {
  const PATH = commands(t);
  const cwd = join(t.testdirName, "here");
  mkdirSync(cwd);
  sweepFile({ cwd });
  const data = `/tmp/dsgan-recipe-${process.pid}`;
  // The server refuses to be root, which tests may be: its commands then run as Debian's user for it.
  const asPostgres =
    process.getuid?.() === 0
      ? ["initdb", "pg_ctl"].map(
          (name) =>
            `${name}() { (cd /tmp && setpriv --reuid postgres --clear-groups "$(command -v ${name})" "$@"); }`,
        )
      : [];
  const text = block("sh recipe")
    .replaceAll("fleet-data", `${data}.d`)
    .replaceAll("fleet-postgres.log", `${data}.log`)
    .replaceAll("5433", String(20_000 + (process.pid % 10_000)))
    .replace("sweep sweep-ring", "sweep walks.yaml")
    .replaceAll("--idle-exit 30", "--idle-exit 3");
  const script = ["set -e", ...asPostgres, text, `rm -rf ${data}.*`].join("\n");
  const shell = spawn("bash", ["-c", script], {
    cwd,
    env: { ...process.env, PATH, CI: "1", DSGAN_JOBS: "" },
  });
  let out = "";
  for (const stream of [shell.stdout, shell.stderr]) stream.on("data", (chunk) => (out += chunk));
  const [code] = await once(shell, "close");
  t.equal(code, 0, out);
  t.match(out, /passed walks in .*: 1 of 1 expectation met/);
  t.match(out, /^walk {2}application\.size=2/m, "what the commands compare");
});

const cluster = lacksPostgres() ?? lacksSlurm();
t.test("Slurm: workers are requeued, and their jobs go on", { skip: cluster ?? false }, async (t) => {
  const server = await startPostgres();
  t.teardown(() => server.end());
  const fleet = await fleetAt(t, server);
  const env = { ...process.env, PATH: commands(t), NODE_OPTIONS: "", DSGAN_RUNS: fleet.url, DSGAN_JOBS: "" };
  const slurm = await startSlurm(env);
  t.teardown(() => slurm.end());
  const script = join(fleet.cwd, "worker.sh");
  writeFileSync(script, block("sh slurm").replace("1-8", "1-2").replace("--idle-exit 300", "--idle-exit 20"));
  const job = await slurm.ask("sbatch", "--parsable", "--mem=0", script);
  sweepFile(fleet, WALKS.replace("seeds:", "set: { application.steps: 200 }\nseeds:"));
  const host = fleet.start("sweep", "walks.yaml", "--quiet");
  await underWay(fleet, 2);
  const sweep = await sweepThere(fleet);
  await slurm.ask("scontrol", "requeue", `${job}_1`);
  await slurm.ask("scontrol", "requeue", `${job}_2`);
  const { code, out, err } = await host.ended;
  t.equal(code, 0, out + err + slurm.logs());
  await checkOnce(t, fleet.store, sweep, 4);
  const sessions = await Promise.all(
    (await fleet.store.list()).map(async (id) =>
      (await (await fleet.store.open(id)).events()).map(({ type }) => type),
    ),
  );
  t.ok(sessions.flat().includes("resumed"), "a run was resumed");
  t.match(await slurm.ask("scontrol", "show", "job", `${job}_1`), /Restarts=1/);
  await answerOf(async () => !/RUNNING/.test(await slurm.ask("squeue", "--noheader", "--format=%T")));
});

/** What of a Job the API server takes that the manifest may use (Kubernetes API reference, batch/v1 and core/v1). */
const manifest = z.fromJSONSchema(
  JSON.parse(
    readFileSync(fileURLToPath(new URL("../fixtures/kubernetes-job.json", import.meta.url)), "utf8"),
  ),
);

t.test("Kubernetes: the manifest is a Job, whose arguments are those of a worker", async (t) => {
  const job = parse(block("yaml kubernetes"));
  const checked = manifest.safeParse(job);
  t.ok(checked.success, String(checked.error));
  const [container] = job.spec.template.spec.containers;
  for (const wrong of [
    { ...job, kind: "Jobs" },
    { ...job, spec: { ...job.spec, paralellism: 8 } },
    {
      ...job,
      spec: { ...job.spec, template: { spec: { containers: [container], restartPolicy: "Always" } } },
    },
    {
      ...job,
      spec: {
        template: { spec: { restartPolicy: "Never", containers: [{ ...container, args: ["--slots", 4] }] } },
      },
    },
  ]) {
    t.notOk(manifest.safeParse(wrong).success, `${JSON.stringify(wrong).slice(0, 60)}… is refused`);
  }
  const shell = spawn("dsgan", [...container.args, "--help"], { env: { ...process.env, PATH: commands(t) } });
  const [code] = await once(shell, "close");
  t.equal(code, 0, "the worker knows them");
});
