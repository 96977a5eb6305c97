/**
 * Clients that watch a run, in a process of their own: some stream, and some poll at a steady rate. They check that
 * events come in order, none missing and none twice, at as little cost as can be: they share the machine with what they
 * measure.
 *
 * @module
 */
import { connect, type Socket } from "node:net";

/** What the crowd is to do. */
export interface CrowdRequest {
  readonly url: string;
  readonly run: string;
  readonly seconds: number;
  readonly streams: number;
  /** A second. */
  readonly polls: number;
}

/** What it saw. */
export interface CrowdReport {
  readonly events: number;
  /** Events that were missing, came twice, or out of order. */
  readonly lost: number;
  readonly polls: number;
  /** Milliseconds until a poll was answered in full. */
  readonly p50: number;
  readonly p99: number;
}

process.once("message", async (request: CrowdRequest) => {
  process.send!(await watch(request));
});

/** Connections that polls share. */
const POLLERS = 16;

/** A connection that takes one request after another, made anew where the server has closed it. Answers have a Content-Length. */
function poller(host: string, port: number): { get(path: string): Promise<string>; end(): void } {
  let socket: Socket | undefined;
  let heard = "";
  let answered: ((body: string) => void) | undefined;
  let failed: ((error: Error) => void) | undefined;
  const open = (): Socket => {
    heard = "";
    const made = connect(port, host);
    made.setNoDelay();
    made.on("error", (error) => failed?.(error));
    made.on("close", () => failed?.(new Error("the connection was closed"))); // nothing, once it was answered
    made.on("data", (bytes) => {
      heard += bytes.toString("latin1");
      const end = heard.indexOf("\r\n\r\n");
      if (end < 0) return;
      const length = Number(/content-length: (\d+)/i.exec(heard)?.[1]);
      if (heard.length < end + 4 + length) return;
      const body = heard.slice(end + 4);
      heard = "";
      answered?.(body);
    });
    return made;
  };
  return {
    get: (path) =>
      new Promise((resolve, reject) => {
        [answered, failed] = [resolve, reject];
        if (socket === undefined || socket.destroyed || !socket.writable) socket = open();
        socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      }),
    end: () => socket?.destroy(),
  };
}

async function watch({ url, run, seconds, streams, polls }: CrowdRequest): Promise<CrowdReport> {
  const { hostname, port } = new URL(url);
  let [events, lost, caughtUp] = [0, 0, 0];
  const sockets = Array.from({ length: streams }, () => {
    const socket = connect(Number(port), hostname);
    socket.write(`GET /api/runs/${run}/stream HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`);
    let last = 0;
    let rest = "";
    let isThere = false;
    socket.on("data", (bytes) => {
      rest += bytes.toString("latin1");
      const whole = rest.lastIndexOf("\n\n") + 2;
      for (const [, seq] of rest.slice(0, whole).matchAll(/^id: (\d+)\ndata: \{"seq"/gm)) {
        events++;
        if (Number(seq) !== last + 1) lost++;
        last = Number(seq);
      }
      if (last > 0 && !isThere) {
        isThere = true;
        caughtUp++;
      }
      rest = rest.slice(whole);
    });
    socket.on("error", () => lost++);
    return socket;
  });

  // Those who stream have caught up before the time is taken.
  while (streams > 0 && caughtUp < streams) await new Promise((resolve) => setTimeout(resolve, 100));
  await new Promise((resolve) => setTimeout(resolve, 1000));
  process.send!("watching");

  const times: number[] = [];
  const pollers = Array.from({ length: POLLERS }, () => poller(hostname, Number(port)));
  const free = [...pollers];
  let since = 0;
  const poll = async (): Promise<void> => {
    const began = performance.now(); // a poll that has to wait for a connection waits all the same
    while (free.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    const connection = free.shift()!; // by turns: the server closes those that are idle
    const asked = since;
    const path = `/api/runs/${run}/events?since=${asked}&limit=50`;
    const body = await connection.get(path).finally(() => free.push(connection));
    times.push(performance.now() - began);
    const first = /"seq":(\d+)/.exec(body)?.[1];
    if (first !== undefined && Number(first) !== asked + 1) lost++;
    since = Math.max(since, Number(/"next":(\d+),"done":(?:true|false)\}$/.exec(body)?.[1] ?? 0));
  };
  const pending: Promise<void>[] = [];
  const began = performance.now();
  for (let i = 0; polls > 0 && performance.now() - began < seconds * 1000; i++) {
    pending.push(poll().catch(() => void lost++));
    const wait = (i * 1000) / polls - (performance.now() - began);
    if (wait > 1) await new Promise((resolve) => setTimeout(resolve, wait));
  }
  await Promise.all(pending);
  for (const socket of sockets) socket.destroy();
  for (const { end } of pollers) end();
  times.sort((a, b) => a - b);
  const at = (share: number): number =>
    times[Math.min(times.length - 1, Math.floor(share * times.length))] ?? 0;
  return { events, lost, polls: times.length, p50: at(0.5), p99: at(0.99) };
}
