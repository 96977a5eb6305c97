/**
 * Starts a process with the runtime flags of this one: what `--import`, `--conditions` or an import map change about
 * how plugins are found must hold where they train as well as where they were validated.
 *
 * @module
 */
import { type ChildProcess, fork, type StdioOptions } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The module of a trainer. */
export const TRAINER = new URL(import.meta.url.endsWith(".ts") ? "./main.ts" : "./main.js", import.meta.url);

/** The channel for messages; what the process prints comes through pipes. */
const STDIO: StdioOptions = ["ignore", "pipe", "pipe", "ipc"];

/**
 * Starts a module in a process of its own, out of reach of a terminal's Ctrl-C.
 * @param execArgv flags of the runtime beside those of this process
 */
export function launch(entry: URL, execArgv: readonly string[]): ChildProcess {
  if (process.versions.deno === undefined) {
    const flags = [...inheritedFlags(process.execArgv), ...execArgv];
    return fork(entry, [], { detached: true, execArgv: flags, stdio: STDIO });
  }
  const module = entry.protocol === "file:" ? fileURLToPath(entry) : entry.href;
  const v8 = execArgv.length === 0 ? [] : [`--v8-flags=${execArgv.join(",")}`];
  const inherited = inheritedDenoFlags(commandLine());
  // A package is started by its name, and Deno then reads the config of the working directory; started by its path,
  // a module gets the config that lies above it.
  const isPackaged = !module.endsWith(".ts");
  const config =
    isPackaged && !inherited.some((flag) => CONFIG.test(flag)) ? nearestConfig(process.cwd()) : [];
  // Deno's fork takes flags for a child only in this form, as arguments of its subcommand `run`; its spawn does not
  // tell the child which packages are installed.
  return fork("run", [...inherited, ...config, ...v8, module], { detached: true, stdio: STDIO });
}

const CONFIG = /^(-c|--(no-)?config|--import-map)\b/;

/** The flag that names the config of a folder, where it has one or lies below one. */
function nearestConfig(folder: string): string[] {
  const found = ["deno.json", "deno.jsonc"]
    .map((name) => join(folder, name))
    .find((path) => existsSync(path));
  if (found !== undefined) return [`--config=${found}`];
  const above = dirname(folder);
  return above === folder ? [] : nearestConfig(above);
}

/** Flags of Node that are about its own process: its program, its debugger, its tests. With a value where true. */
const NOT_INHERITED: ReadonlyMap<string, boolean> = new Map([
  ["-e", true],
  ["--eval", true],
  ["-p", true],
  ["--print", true],
  ["-pe", true],
  ["-c", false],
  ["--check", false],
  ["-i", false],
  ["--interactive", false],
  ["--input-type", true],
  ["--inspect", false],
  ["--inspect-brk", false],
  ["--inspect-wait", false],
  ["--inspect-port", true],
  ["--debug-port", true],
  ["--inspect-publish-uid", true],
  ["--test", false],
  ["--test-only", false],
  ["--test-force-exit", false],
  ["--test-update-snapshots", false],
  ["--test-concurrency", true],
  ["--test-isolation", true],
  ["--test-name-pattern", true],
  ["--test-reporter", true],
  ["--test-reporter-destination", true],
  ["--test-shard", true],
  ["--test-skip-pattern", true],
  ["--test-timeout", true],
  ["--watch", false],
  ["--watch-path", true],
  ["--watch-preserve-output", false],
]);

/** Of the flags that Node was started with, those that another process is to have too. */
export function inheritedFlags(execArgv: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < execArgv.length; i++) {
    const [name, value] = split(execArgv[i]!);
    const takesValue = NOT_INHERITED.get(name);
    if (takesValue === undefined) kept.push(execArgv[i]!);
    else if (takesValue && value === undefined) i++;
  }
  return kept;
}

/** Flags of Deno that say how modules are found and what they may do; those of the second list take a value. */
const DENO_FLAGS =
  /^(-[ARWNESI]+|-P.*|--(allow|deny|ignore)-.+|--unstable.*|--(no-)?(config|npm|remote|lock|prompt|check)|--node-modules-.+|--vendor|--cached-only|--frozen|--unsafely-ignore-certificate-errors|--env-file|--v8-flags|--permission-set)$/;
const DENO_FLAGS_WITH_VALUE: ReadonlySet<string> = new Set([
  "-c",
  "--config",
  "--import-map",
  "--conditions",
  "--preload",
  "--import",
  "--require",
  "--cert",
  "--location",
  "--seed",
]);
/** What Deno is to do; the flags follow. */
const DENO_COMMANDS: ReadonlySet<string> = new Set(["run", "test", "serve", "bench"]);

/**
 * Of the flags that Deno was started with, those that another process is to have too.
 * @param command the command line, undefined where the system does not tell: then all is allowed
 */
export function inheritedDenoFlags(command: readonly string[] | undefined): string[] {
  if (command === undefined) return ["-A"];
  const kept: string[] = [];
  for (let i = DENO_COMMANDS.has(command[1] ?? "") ? 2 : 1; command[i]?.startsWith("-"); i++) {
    const flag = command[i]!;
    const [name, value] = split(flag);
    if (DENO_FLAGS_WITH_VALUE.has(name) && value === undefined) {
      const next = command[++i];
      if (next !== undefined) kept.push(flag, next);
    } else if (DENO_FLAGS_WITH_VALUE.has(name) || DENO_FLAGS.test(name)) kept.push(flag);
  }
  return kept;
}

/** `--name=value` apart. */
function split(flag: string): [name: string, value: string | undefined] {
  const end = flag.indexOf("=");
  return end < 0 ? [flag, undefined] : [flag.slice(0, end), flag.slice(end + 1)];
}

/** The command line of this process, where the system tells: Linux does. */
function commandLine(): string[] | undefined {
  try {
    return readFileSync("/proc/self/cmdline", "utf8").split("\0").slice(0, -1);
  } catch {
    return undefined;
  }
}
