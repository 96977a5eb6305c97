/**
 * A store of published runs: their files in a bucket or on a web site, for hosts without a disk. It is read only.
 *
 * @module
 */

import { InputError } from "../../core/plugin/errors.ts";
import { parseKept } from "../../core/run/kept.ts";
import {
  checkRunPath,
  RUN_FILES,
  type RunFile,
  type RunGlance,
  type RunReader,
  type RunResult,
  type Store,
} from "../../core/run/store.ts";
import { heldFile } from "../events/held-file.ts";
import { eventOf, indexAbove, linesOf } from "../events/lines.ts";

/** Where the files of published runs are. */
export interface PublishedFiles {
  /** Ids of the runs, in any order. */
  list(): Promise<readonly string[]>;
  /** The file `<run>/<path>`; undefined where there is none. */
  read(run: string, path: string): Promise<Uint8Array | undefined>;
  /**
   * The same file, to be read in pieces. Absent: {@link read} is asked, and the whole of a file is held while it is sent.
   */
  file?(run: string, path: string): Promise<RunFile | undefined>;
  /** Paths of a run's files. Only programs that look for a run's checkpoints ask for them. */
  paths?(run: string): Promise<readonly string[]>;
}

/**
 * Makes a store of published runs: of copies of `runs/<id>/`, which end or are written anew as a whole. A run that has no
 * `result.json` yet counts as abandoned.
 *
 * @example
 * ```ts
 * import { createApp, publishedRuns } from "dsgan/http";
 *
 * const bucket = new Map([["demo-20260101-120000-abcd/scenario.yaml", "name: demo\ntags: [toy]\n"]]);
 * const store = publishedRuns({
 *   list: async () => [...new Set([...bucket.keys()].map((key) => key.split("/")[0]!))],
 *   read: async (run, path) => {
 *     const text = bucket.get(`${run}/${path}`);
 *     return text === undefined ? undefined : new TextEncoder().encode(text);
 *   },
 * });
 * const { runs } = await (await createApp(store).request("/api/runs")).json();
 * console.log(runs[0].scenario, runs[0].tags, runs[0].began); // demo [ 'toy' ] 2026-01-01T12:00:00.000Z
 * ```
 */
export function publishedRuns(files: PublishedFiles): Store {
  const refuse = async (): Promise<never> => {
    throw new InputError("published runs are read only");
  };
  const requireRun = async (id: string): Promise<void> => {
    if (!(await files.list()).includes(id)) throw new InputError(`there is no run ${JSON.stringify(id)}`);
  };
  return {
    name: "published",
    create: refuse,
    resume: refuse,
    remove: refuse,
    list: async () => [...(await files.list())].sort((a, b) => beganAt(b).localeCompare(beganAt(a))),
    async glance(id) {
      await requireRun(id);
      return await glanceOf(files, id);
    },
    async open(id) {
      await requireRun(id);
      return readerOf(files, id);
    },
  };
}

/** The form of a run's id: `demo-20260101-120000-abcd`. */
const ID = /^(.+)-(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)-\w+$/;

/** When a run began, as its id says, to the second. Ids of another form count as the oldest. */
function beganAt(id: string): string {
  const [, , year, month, day, hour, minute, second] = ID.exec(id) ?? [];
  if (year === undefined) return "1970-01-01T00:00:00.000Z";
  return `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
}

async function glanceOf(files: PublishedFiles, id: string): Promise<RunGlance> {
  const [result, document] = await Promise.all([
    resultOf(files, id),
    textOf(files, id, RUN_FILES.scenario).then((text) => parseKept(text ?? "")),
  ]);
  const { tags } = (document ?? {}) as { tags?: unknown };
  return {
    run: id,
    scenario: result?.scenario ?? ID.exec(id)?.[1] ?? id,
    status: result?.status ?? "abandoned",
    tags: Array.isArray(tags) ? tags.map(String) : [],
    began: beganAt(id),
    ...(result && { seconds: result.seconds }),
  };
}

async function textOf(files: PublishedFiles, id: string, path: string): Promise<string | undefined> {
  const data = await files.read(id, path);
  return data && new TextDecoder().decode(data);
}

async function resultOf(files: PublishedFiles, id: string): Promise<RunResult | undefined> {
  const text = await textOf(files, id, RUN_FILES.result);
  return text === undefined ? undefined : JSON.parse(text);
}

function readerOf(files: PublishedFiles, id: string): RunReader {
  const there = <T>(path: string, found: T | undefined): T => {
    if (found === undefined) throw new InputError(`run ${id} has no file ${JSON.stringify(path)}`);
    return found;
  };
  let finished: Promise<string> | undefined;
  /** The event log. Once it has the run's end it is kept. */
  const log = async (): Promise<string> => {
    if (finished !== undefined) return await finished;
    const text = (await textOf(files, id, RUN_FILES.events)) ?? "";
    const whole = text.slice(0, text.lastIndexOf("\n") + 1);
    if (whole !== "" && eventOf(lastLineOf(whole)).type === "ended") finished = Promise.resolve(whole);
    return whole;
  };
  async function* lines(since = 0): AsyncGenerator<string> {
    const text = await log();
    if (since === 0) {
      if (text !== "") yield text;
      return;
    }
    const all = [...linesOf(text)];
    const rest = all.slice(indexAbove(all, since)).map(({ json }) => `${json}\n`);
    if (rest.length > 0) yield rest.join("");
  }
  return {
    id,
    location: `published:${id}`,
    lines,
    async events(since = 0, limit = Number.POSITIVE_INFINITY) {
      const all = [...linesOf(await log())];
      const first = indexAbove(all, since);
      return all.slice(first, first + limit).map(({ json }) => eventOf(json));
    },
    async extent() {
      const text = await log();
      if (text === "") return { generation: "", last: 0 };
      const first = eventOf(text.slice(0, text.indexOf("\n")));
      return { generation: first.time, last: eventOf(lastLineOf(text)).seq };
    },
    read: async (path) => there(path, await files.read(id, checkRunPath(path))),
    async file(path) {
      if (files.file !== undefined) return there(path, await files.file(id, checkRunPath(path)));
      return await heldFile(there(path, await files.read(id, checkRunPath(path))));
    },
    files: async (prefix) =>
      [...((await files.paths?.(id)) ?? [])].filter((path) => path.startsWith(prefix)).sort(),
    owner: async () => undefined,
    result: async () => await resultOf(files, id),
  };
}

function lastLineOf(text: string): string {
  return text.slice(text.lastIndexOf("\n", text.length - 2) + 1, -1);
}
