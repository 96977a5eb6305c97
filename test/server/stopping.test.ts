/** Commands that are told to stop, and commands whose output cannot be written: run as people run them. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, openSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import t from "tap";

const root = fileURLToPath(new URL("../..", import.meta.url));
const main = join(root, "server/cli/main.ts");
const isLinux = existsSync("/proc/self/environ");
const noLinux = isLinux ? false : "there is no /proc, by which processes are found";
const noFull = existsSync("/dev/full") ? false : "there is no /dev/full";

t.jobs = 4;

/** Processes that inherit a mark, by their command lines. */
function marked(mark: string): string[] {
  return readdirSync("/proc").flatMap((pid) => {
    try {
      if (!/^\d+$/.test(pid) || !readFileSync(`/proc/${pid}/environ`, "utf8").includes(mark)) return [];
      const state = /^State:\s+(\S)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
      return state === "Z" ? [] : [readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")];
    } catch {
      return []; // it is gone, or not ours to look at
    }
  });
}

async function until(is: () => boolean): Promise<void> {
  while (!is()) await sleep(200);
}

/** A run that takes longer than any test, by whatever starts it. */
function long(command: readonly string[], runs: string, mark: string): ChildProcess {
  const sets = ["--set", "application.steps=10000000", "--engine", "cpu", "--quiet"];
  const args = [...command.slice(1), "run", "smoke/ring", "--runs", runs, ...sets];
  const env = { ...process.env, DSGAN_TEST_MARK: mark };
  return spawn(command[0]!, args, { cwd: root, env, stdio: "ignore", detached: true });
}

const hasBegun = (runs: string): boolean =>
  existsSync(runs) &&
  readdirSync(runs).some((id) => existsSync(join(runs, id, "checkpoints")) || hasEvents(join(runs, id)));

const hasEvents = (run: string): boolean => {
  try {
    return readFileSync(join(run, "events.ndjson"), "utf8").includes('"progress"');
  } catch {
    return false;
  }
};

for (const signal of ["SIGTERM", "SIGHUP", "SIGINT", "SIGKILL"] as const) {
  t.test(
    `npm run that ends by ${signal} takes the command and its trainer with it`,
    { skip: noLinux },
    async (t) => {
      const [runs, mark] = [join(t.testdir(), "runs"), randomUUID()];
      const npm = long(["npm", "run", "-s", "dsgan", "--"], runs, mark);
      await until(() => hasBegun(runs) && marked(mark).some((line) => line.includes("trainer/main")));
      npm.kill(signal);
      await until(() => marked(mark).length === 0);
      const [run = ""] = readdirSync(runs);
      t.match(JSON.parse(readFileSync(join(runs, run, "result.json"), "utf8")), { status: "cancelled" });
    },
  );
}

t.test("a trainer dies with a command that is killed", { skip: noLinux }, async (t) => {
  const [runs, mark] = [join(t.testdir(), "runs"), randomUUID()];
  const command = long([process.execPath, main], runs, mark);
  await until(() => hasBegun(runs));
  command.kill("SIGKILL");
  await until(() => marked(mark).length === 0);
  t.pass("no process is left");
});

/** What a command says whose standard output is a full disk. */
async function full(...args: string[]): Promise<{ readonly code: number | null; readonly err: string }> {
  const child = spawn(process.execPath, [main, ...args], {
    cwd: root,
    stdio: ["ignore", openSync("/dev/full", "w"), "pipe"],
  });
  let err = "";
  child.stderr!.setEncoding("utf8").on("data", (text) => {
    err += text;
  });
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, err };
}

t.test("output that cannot be written is a line and exit code 3", { skip: noFull }, async (t) => {
  const line = /^dsgan: standard output cannot be written: ENOSPC[^\n]*\n$/;
  const commands = [
    ["list", "scenarios"],
    ["--help"],
    ["--version"],
    ["schema"],
    ["validate", "smoke/ring"],
    ["options", "wgan"],
  ];
  for (const args of commands) t.match(await full(...args), { code: 3, err: line }, args.join(" "));
});

t.test("a run whose output cannot be written goes on, and is kept", { skip: noFull }, async (t) => {
  const runs = join(t.testdir(), "runs");
  const { code, err } = await full(
    "run",
    "smoke/ring",
    "--json",
    "--runs",
    runs,
    "--set",
    "application.steps=3",
    "--set",
    "expect=null",
    "--engine",
    "cpu",
  );
  t.equal(code, 3);
  t.match(err, /standard output cannot be written/);
  t.notMatch(err, /\n +at /, "no stack");
  const [run = ""] = readdirSync(runs);
  t.match(JSON.parse(readFileSync(join(runs, run, "result.json"), "utf8")), { status: "passed" });
});

t.test("a scenario comes in by standard input", async (t) => {
  const child = spawn(process.execPath, [main, "validate", "-"], { cwd: root });
  child.stdin.end("application: { use: generat }\n");
  let err = "";
  child.stderr.on("data", (text) => {
    err += text;
  });
  const code = await new Promise((resolve) => child.on("close", resolve));
  t.equal(code, 2);
  t.match(err, /^-:1: application\.use: unknown application "generat"; did you mean "generate"\?/);
});
