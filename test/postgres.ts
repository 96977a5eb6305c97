/**
 * A PostgreSQL server for a test: of Debian's binaries, with its data in a temporary folder, on a free port.
 *
 * @module
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A server of this process alone. */
export interface TestPostgres {
  readonly port: number;
  /** Address of a new, empty database. Any password will do. */
  database(): Promise<string>;
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>;
  /** Starts it again, and waits until it takes connections. */
  start(): Promise<void>;
  /** Ends it, and removes its data. */
  end(): Promise<void>;
}

/** The folder of the newest server's binaries; undefined where there are none. */
function binaries(): string | undefined {
  const found = globSync("/usr/lib/postgresql/*/bin").filter((bin) => existsSync(join(bin, "initdb")));
  return found.sort((a, b) => Number(/\d+/.exec(a)) - Number(/\d+/.exec(b))).at(-1);
}

/** Why there can be no server here; undefined where there can. */
export function lacksPostgres(): string | undefined {
  if (binaries() === undefined) return "no PostgreSQL here: apt-get install postgresql";
  if (process.getuid?.() === 0 && userIds() === undefined)
    return "no user `postgres` here, and root may not run a server";
  return undefined;
}

/** The server refuses to be root. */
function userIds(): { readonly uid: number; readonly gid: number } | undefined {
  const line = readFileSync("/etc/passwd", "utf8").match(/^postgres:[^:]*:(\d+):(\d+)/m);
  return line === null ? undefined : { uid: Number(line[1]), gid: Number(line[2]) };
}

/**
 * Starts a server. End it when the test is over.
 * @throws Error where {@link lacksPostgres} says why
 */
export async function startPostgres(): Promise<TestPostgres> {
  const reason = lacksPostgres();
  if (reason !== undefined) throw new Error(reason);
  const bin = binaries()!;
  const user = process.getuid?.() === 0 ? userIds() : undefined;
  const folder = mkdtempSync(join(tmpdir(), "dsgan-postgres-"));
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
  const data = join(folder, "data");
  const options = { ...user, cwd: folder };
  await run(
    join(bin, "initdb"),
    ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
    options,
  );
  const port = await freePort();
  const settings = [
    "fsync=off",
    "listen_addresses=127.0.0.1",
    `unix_socket_directories=${folder}`,
    "shared_buffers=16MB",
    "max_connections=1000", // stores keep theirs for a while, and a fast machine makes hundreds in that time
  ];
  const client = ["-h", "127.0.0.1", "-p", String(port), "-U", "postgres"];
  let server: ChildProcess | undefined;
  let databases = 0;
  const start = async (): Promise<void> => {
    for (;;) {
      const started = spawn(
        join(bin, "postgres"),
        ["-D", data, "-p", String(port), ...settings.flatMap((setting) => ["-c", setting])],
        { ...options, stdio: "ignore" },
      );
      server = started;
      // One that was killed leaves processes behind for a moment, which keep a new one from starting.
      while (started.exitCode === null) {
        const isReady = await run(join(bin, "pg_isready"), client).then(
          () => true,
          () => false,
        );
        if (isReady) return;
        await sleep(100);
      }
      await sleep(100);
    }
  };
  const kill = async (signal: NodeJS.Signals): Promise<void> => {
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
    const exit = once(server, "exit");
    server.kill(signal);
    await exit;
  };
  await start();
  return {
    port,
    async database() {
      const name = `test${databases++}`;
      await run(join(bin, "createdb"), [...client, name]);
      return `postgres://postgres:secret@127.0.0.1:${port}/${name}`;
    },
    kill: () => kill("SIGKILL"),
    start,
    async end() {
      await kill("SIGINT"); // ends connections, not only waits for them
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}
