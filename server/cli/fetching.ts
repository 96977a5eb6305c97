/**
 * How downloads reach the network: through the proxy that the environment names, and going on where they broke off.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { appendFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import http from "node:http";
import { join } from "node:path";
import { InputError, messageOf } from "../../core/plugin/errors.ts";

const PROXY = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];

/**
 * Has `fetch` go through the proxy that HTTPS_PROXY, HTTP_PROXY and NO_PROXY name, as curl does. Deno does so by itself, Node
 * from 24.14 on, and before where NODE_USE_ENV_PROXY=1 was set when it started.
 * @returns what to tell where a proxy is named that cannot be heeded
 * @throws InputError where what is named is no address
 */
export function heedProxy(): string | undefined {
  const name = PROXY.find((variable) => process.env[variable]);
  if (name === undefined || process.versions.deno !== undefined || process.env.NODE_USE_ENV_PROXY === "1")
    return undefined;
  const { setGlobalProxyFromEnv } = http as { setGlobalProxyFromEnv?: () => unknown };
  if (setGlobalProxyFromEnv === undefined) {
    return `${name} is not heeded by Node ${process.versions.node}: set NODE_USE_ENV_PROXY=1 too, or use Node 24.14 or newer`;
  }
  try {
    setGlobalProxyFromEnv();
  } catch (cause) {
    const set = PROXY.filter((variable) => process.env[variable]).join(" or ");
    throw new InputError(`${set} is not the address of a proxy: expected http://host:port`, { cause });
  }
  return undefined;
}

/** Tries in all, each from where the one before broke off. */
const TRIES = 4;
/** Before each further try. */
const WAIT_MS = 500;

/** A file that is partly there. */
interface Part {
  /** The bytes so far. */
  readonly file: string;
  /** The server's mark of the version that they are of. */
  readonly mark: string;
}

/**
 * A `fetch` that goes on with files that are partly there, from this process or one before: the server is asked for the rest
 * of the same version (`Range`, `If-Range`). The body is there whole before the answer is given.
 * @param folder where parts are kept until {@link removeParts}
 * @param tell says what goes wrong on the way
 */
export function resumingFetch(folder: string, tell: (message: string) => void): typeof fetch {
  return async (input, init = {}) => {
    const url = String(input instanceof Request ? input.url : input);
    const name = createHash("sha256").update(url).digest("hex").slice(0, 32);
    const part = { file: join(folder, `${name}.part`), mark: join(folder, `${name}.mark`) };
    await mkdir(folder, { recursive: true });
    for (let left = TRIES - 1; ; left--) {
      try {
        return await attempt(url, init, part);
      } catch (error) {
        if (init.signal?.aborted || left === 0) throw error;
        const there = await readFile(part.file).then(
          ({ length }) => length,
          () => 0,
        );
        tell(`${url} broke off at ${there} bytes (${messageOf(error)}): going on`);
        await new Promise((later) => setTimeout(later, WAIT_MS));
      }
    }
  };
}

/** Removes what {@link resumingFetch} has kept. */
export async function removeParts(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

async function attempt(url: string, init: RequestInit, part: Part): Promise<Response> {
  const mark = existsSync(part.mark) && existsSync(part.file) ? await readFile(part.mark, "utf8") : "";
  const from = mark === "" ? 0 : (await readFile(part.file)).length;
  const headers = new Headers(init.headers);
  if (from > 0) {
    headers.set("range", `bytes=${from}-`);
    headers.set("if-range", mark);
  }
  // What a coding changes has other offsets than the file.
  headers.set("accept-encoding", "identity");
  const response = await fetch(url, { ...init, headers });
  if (response.status === 416) {
    await rm(part.file, { force: true }); // shorter than what is there: another version
    throw new Error("the server has no such part");
  }
  if (!response.ok) return response;
  if (response.status !== 206) await writeFile(part.file, "");
  await writeFile(part.mark, markOf(response));
  for await (const chunk of response.body ?? []) await appendFile(part.file, chunk);
  const { status, statusText } = response;
  return new Response(await readFile(part.file), {
    status: status === 206 ? 200 : status,
    statusText,
    headers: response.headers,
  });
}

/** What tells a version of a file from others; a weak mark does not. */
function markOf({ headers }: Response): string {
  const tag = headers.get("etag");
  return tag !== null && !tag.startsWith("W/") ? tag : (headers.get("last-modified") ?? "");
}
