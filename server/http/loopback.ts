/**
 * Names of the loopback address, which only this machine can reach.
 *
 * @module
 */

/**
 * Whether a host is the loopback address, however it is written: `localhost`, `LOCALHOST.`, `a.localhost`, `127.0.0.2`,
 * `127.1`, `::1`, `[::1]`, `0:0:0:0:0:0:0:1`, `::ffff:127.0.0.1`.
 * @param host a name or an address without port
 */
export function isLoopback(host: string): boolean {
  const name = canonicalHost(host);
  return (
    /^(.+\.)?localhost\.?$/.test(name) ||
    /^127(\.\d{1,3}){3}$/.test(name) ||
    /^\[::(1|ffff:7f[\da-f]{2}:[\da-f]{1,4})\]$/.test(name)
  );
}

/** An address as sockets take it: without the brackets that URLs put around one of IPv6. */
export function bareHost(host: string): string {
  return /^\[(.*)\]$/.exec(host)?.[1] ?? host;
}

/** A host as URLs and requests name it, which is the spelling that the server takes: `[::1]` for `0:0:0:0:0:0:0:1`. */
export function hostOfUrl(host: string): string {
  return canonicalHost(host) || (host.includes(":") ? `[${host}]` : host);
}

/** A host as URLs write it; empty where it is none. */
function canonicalHost(host: string): string {
  const bare = bareHost(host);
  if (bare === "" || /[/?#@\\\s[\]]/.test(bare)) return "";
  const isV6 = bare.includes(":");
  try {
    const { hostname, port } = new URL(`http://${isV6 ? `[${bare}]` : bare}`);
    return port === "" ? hostname : "";
  } catch {
    return "";
  }
}
