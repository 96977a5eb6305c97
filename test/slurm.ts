/**
 * A Slurm cluster of this machine alone, for a test: controller, node and the service that signs their messages.
 *
 * @module
 */
import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A cluster of this process alone. */
export interface TestSlurm {
  /** Runs a command of Slurm, such as `sbatch`. @returns what it prints */
  ask(program: string, ...args: string[]): Promise<string>;
  /** What its services have said. */
  logs(): string;
  end(): Promise<void>;
}

/** Why there can be no cluster here; undefined where there can. */
export function lacksSlurm(): string | undefined {
  for (const program of ["slurmctld", "slurmd", "munged", "sbatch"]) {
    if (spawnSync("sh", ["-c", `command -v ${program}`]).status !== 0)
      return `no ${program} here: apt-get install slurm-wlm`;
  }
  return process.getuid?.() === 0 ? undefined : "Slurm's services want root";
}

/** Starts a cluster. @param env what commands of Slurm, and so its jobs, find in their environment */
export async function startSlurm(env: NodeJS.ProcessEnv): Promise<TestSlurm> {
  const folder = mkdtempSync(join(tmpdir(), "dsgan-slurm-"));
  chmodSync(folder, 0o755); // munged refuses folders that others may write
  const at = (name: string): string => join(folder, name);
  for (const name of ["state", "spool"]) mkdirSync(at(name));
  writeFileSync(at("munge.key"), randomBytes(128), { mode: 0o400 });
  const [control, node] = [await freePort(), await freePort()];
  const host = hostname();
  writeFileSync(
    at("slurm.conf"),
    [
      "ClusterName=test",
      `SlurmctldHost=${host}(127.0.0.1)`,
      `SlurmctldPort=${control}`,
      ...["SlurmUser=root", "SlurmdUser=root", "AuthType=auth/munge", "CryptoType=crypto/munge"],
      // A job that is requeued begins again once its credential has expired: by default after two minutes.
      `AuthInfo=socket=${at("munge.socket")},cred_expire=5`,
      `StateSaveLocation=${at("state")}`,
      `SlurmdSpoolDir=${at("spool")}`,
      `SlurmctldPidFile=${at("slurmctld.pid")}`,
      `SlurmdPidFile=${at("slurmd.pid")}`,
      ...["ProctrackType=proctrack/linuxproc", "TaskPlugin=task/none", "SwitchType=switch/none"],
      ...["SelectType=select/cons_tres", "SelectTypeParameters=CR_CPU", "MpiDefault=none"],
      ...["ReturnToService=2", "KillWait=30", "SchedulerParameters=sched_interval=2,sched_min_interval=1"],
      "SlurmdParameters=config_overrides", // more processors than there are
      `NodeName=${host} NodeAddr=127.0.0.1 Port=${node} CPUs=8 State=UNKNOWN`,
      `PartitionName=all Nodes=${host} Default=YES MaxTime=INFINITE State=UP`,
    ].join("\n"),
  );
  const environment = { ...env, SLURM_CONF: at("slurm.conf") };
  const services: ChildProcess[] = [];
  const serve = (program: string, ...args: string[]): void => {
    const service = spawn(program, args, { env: environment, stdio: "ignore" });
    service.on("error", () => {});
    services.push(service);
  };
  const ask = async (program: string, ...args: string[]): Promise<string> =>
    (await run(program, args, { env: environment, cwd: folder })).stdout.trim();
  const munge = [
    "--key-file",
    at("munge.key"),
    "--socket",
    at("munge.socket"),
    "--log-file",
    at("munge.log"),
  ];
  serve(
    "munged",
    "--foreground",
    "--force",
    ...munge,
    "--pid-file",
    at("munge.pid"),
    "--seed-file",
    at("seed"),
  );
  while (!existsSync(at("munge.socket"))) await sleep(50);
  serve("slurmctld", "-D", "-c", "-L", at("slurmctld.log"));
  serve("slurmd", "-D", "-N", host, "-L", at("slurmd.log"));
  const logs = (): string =>
    ["slurmctld.log", "slurmd.log", "munge.log"]
      .map((name) => (existsSync(at(name)) ? readFileSync(at(name), "utf8") : ""))
      .join("\n");
  const isUp = async (): Promise<boolean> =>
    /idle/.test(await ask("sinfo", "--noheader", "--format=%T").catch(() => ""));
  const end = async (): Promise<void> => {
    await ask("scancel", "--signal=KILL", "--full", "--user=root").catch(() => {});
    await sleep(500);
    for (const service of services.reverse()) service.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  };
  for (let tries = 0; !(await isUp()); tries++) {
    if (tries > 300) {
      const said = logs();
      await end();
      throw new Error(`the cluster does not come up:\n${said}`);
    }
    await sleep(200);
  }
  return { ask, logs, end };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.on("listening", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
