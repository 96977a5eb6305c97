/**
 * A store as it is told of to whoever asks from outside: no text tells where things lie on the machine that made a run.
 * What is kept stays as it is. Files that applications keep (`artifacts/…`) are given out byte for byte, because events
 * tell their hashes; only those that are shown as words are worded anew.
 *
 * @module
 */
import { discreet, type Known } from "../../core/plugin/discreet.ts";
import { RUN_FILES, type RunReader, type RunResult, type Store } from "../../core/run/store.ts";
import { type AllowList, isAllowed } from "../../core/scenario/allow.ts";
import { SWEEP_FILE } from "../sweep/records.ts";
import { heldFile } from "./held-file.ts";

/** Whether a text may have an absolute path in it. Most pieces of a long run have no slash, which is soon seen. */
function mayTell(text: string): boolean {
  return (text.includes("/") || text.includes("\\")) && MAYBE.test(text);
}

/** Where an absolute path may begin: a slash or a drive behind what is no part of a word or an address. */
const MAYBE = /(?<![\w/.~:%-])(?:file:\/\/|\/[^/\s]|[a-z]:[\\/])/i;

/**
 * A store whose runs tell no places of the machine but those that were sent, or that may be.
 * @param allow places that scenarios from outside may name
 */
export function outside(store: Store, allow: AllowList = []): Store {
  return {
    name: store.name,
    create: (scenario, options) => store.create(scenario, options),
    resume: (id, options) => store.resume(id, options),
    list: () => store.list(),
    glance: (id) => store.glance(id),
    ...(store.glances && { glances: (ids) => store.glances!(ids) }),
    open: async (id) => outsideReader(await store.open(id), allow),
    remove: (id, options) => store.remove(id, options),
  };
}

function outsideReader(reader: RunReader, allow: AllowList): RunReader {
  let about: Known | undefined;
  /** What is known of the run; looked for again until it has begun. */
  const known = async (): Promise<Known> => {
    about ??= await knownOf(reader, allow);
    return about ?? {};
  };
  const read = async (path: string): Promise<Uint8Array> => {
    const data = await reader.read(path);
    const tell = tellerOf(path);
    if (tell === undefined) return data;
    return new TextEncoder().encode(tell(new TextDecoder().decode(data), await known()));
  };
  return {
    id: reader.id,
    location: discreet(reader.location),
    read,
    async file(path) {
      const isWorded = !path.includes("/") && tellerOf(path) !== undefined;
      return isWorded ? await heldFile(await read(path)) : await reader.file(path);
    },
    events: async (since, limit) => toldValue(await reader.events(since, limit), await known()),
    async *lines(since) {
      for await (const piece of reader.lines(since)) {
        yield mayTell(piece) ? toldLines(piece, await known()) : piece;
      }
    },
    extent: () => reader.extent(),
    ...(reader.onAppend && { onAppend: (call) => reader.onAppend!(call) }),
    files: (prefix) => reader.files(prefix),
    owner: () => reader.owner(),
    async result() {
      const result = await reader.result();
      return result && toldResult(result, await known());
    },
  };
}

/**
 * What is known outside of a run's places; undefined before it has begun. Of its scenario, in which plugins have filled in
 * their defaults, that is what could be sent.
 */
async function knownOf(reader: RunReader, allow: AllowList): Promise<Known | undefined> {
  const text = async (path: string): Promise<string> => new TextDecoder().decode(await reader.read(path));
  try {
    const about = JSON.parse(await text(RUN_FILES.environment));
    const list: AllowList = about.allow ?? allow; // that of the server to which the scenario was posted
    const sent = toldYaml(await text(RUN_FILES.scenario), { isKnown: (path) => isAllowed(path, list) });
    return { base: new URL(about.base), sent };
  } catch {
    return undefined;
  }
}

/** Words a text anew. */
type Teller = (text: string, known: Known) => string;

/** How a file is told of; undefined: as it is. */
function tellerOf(path: string): Teller | undefined {
  switch (path) {
    case RUN_FILES.scenario:
      return (text, { sent }) => sent ?? toldYaml(text, {});
    case RUN_FILES.result:
      return jsonTeller((value, known) => toldResult(value as RunResult, known));
    case RUN_FILES.environment:
    case SWEEP_FILE:
      return jsonTeller(toldValue);
    case "report.html":
      return toldHtml;
    default:
      return path.endsWith(".md") ? discreet : undefined;
  }
}

/** Tells of a JSON file, and of a damaged one as of any text. */
function jsonTeller(tell: (value: unknown, known: Known) => unknown): Teller {
  return (text, known) => {
    try {
      return `${JSON.stringify(tell(JSON.parse(text), known), null, 2)}\n`;
    } catch {
      return discreet(text, known);
    }
  };
}

/** Events, one a line. Few of them tell of places. */
function toldLines(lines: string, known: Known): string {
  const told = (line: string): string => {
    if (!mayTell(line)) return line;
    try {
      return JSON.stringify(toldValue(JSON.parse(line), known));
    } catch {
      return discreet(line, known); // damaged
    }
  };
  return lines.split("\n").map(told).join("\n");
}

/** A text, which may be a path as a whole: then blanks are part of it. */
function toldText(text: string, known: Known): string {
  if (!mayTell(text)) return text;
  const isPath = /^(?:file:\/\/)?(?:\/|[a-z]:[\\/])[^:;,"'`\n]*$/i.test(text);
  return isPath ? discreet(`"${text}"`, known).slice(1, -1) : discreet(text, known);
}

/** YAML as runs are kept: what stands behind a name, or in a list, to the end of the line is one value. */
function toldYaml(text: string, known: Known): string {
  const line = (line: string): string => {
    const [, before, value] = /^(\s*(?:- )*(?:[^\s:]+: )?)(.*)$/.exec(line) ?? [];
    return before === undefined ? discreet(line, known) : `${before}${toldText(value!, known)}`;
  };
  return text.split("\n").map(line).join("\n");
}

/** A value whose texts are discreet. */
function toldValue<T>(value: T, known: Known): T {
  const told = (part: unknown): unknown => {
    if (typeof part === "string") return toldText(part, known);
    if (Array.isArray(part)) return part.map(told);
    if (typeof part !== "object" || part === null) return part;
    return Object.fromEntries(Object.entries(part).map(([name, inner]) => [name, told(inner)]));
  };
  return told(value) as T;
}

/** A result without the stack, which is all places. */
function toldResult(result: RunResult, known: Known): RunResult {
  const { error, ...rest } = toldValue(result, known);
  if (error === undefined) return rest;
  const { stack: _, ...told } = error;
  return { ...rest, error: told };
}

/** A page whose words are discreet. Its tags, and the pictures in them, stay as they are. */
function toldHtml(page: string, known: Known): string {
  return page
    .split(/(<[^>]*>)/)
    .map((part) => (part.startsWith("<") || !mayTell(part) ? part : discreet(part, known)))
    .join("");
}
