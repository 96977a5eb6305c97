/**
 * A typed client.
 *
 * @module
 */
import { hc } from "hono/client";
import type { App } from "./app.ts";

/** Options of {@link client}. */
export interface ClientOptions {
  /** Sent with every request as `Authorization: Bearer <token>`. */
  readonly token?: string;
  /** Makes the requests, for example an app's own `request`; the global `fetch` unless given. */
  readonly fetch?: typeof fetch;
}

/**
 * Makes a typed client of a server. `answer.ok` narrows an answer to its success or to problem details.
 *
 * @example
 * ```ts
 * import { client, createApp } from "dsgan/http";
 * import { memoryStore } from "dsgan/stores";
 *
 * const app = createApp(memoryStore()); // a server in this process; leave out `fetch` for one at the address
 * const { api } = client("http://localhost", { fetch: async (input, init) => app.request(input, init) });
 * const answer = await api.runs.$get({ query: { status: "running", limit: 10 } });
 * if (!answer.ok) throw new Error((await answer.json()).detail);
 * const { runs } = await answer.json();
 * console.log(runs.map(({ run, scenario }) => `${run}: ${scenario}`)); // []
 * ```
 */
export function client(url: string, { token, fetch }: ClientOptions = {}): ReturnType<typeof hc<App>> {
  return hc<App>(url, {
    ...(fetch && { fetch }),
    headers: token === undefined ? {} : { Authorization: `Bearer ${token}` },
  });
}
