/**
 * Clients that watch a run, in a process of their own: some stream, and some poll at a steady rate. They check that
 * events come in order, none missing and none twice, at as little cost as can be: they share the machine with what they
 * measure.
 *
 * @module
 */
import { Agent, get } from "node:http";
import { connect } from "node:net";

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

async function watch({ url, run, seconds, streams, polls }: CrowdRequest): Promise<CrowdReport> {
  const { hostname, port } = new URL(url);
  let [events, lost] = [0, 0];
  const sockets = Array.from({ length: streams }, () => {
    const socket = connect(Number(port), hostname);
    socket.write(`GET /api/runs/${run}/stream HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`);
    let last = 0;
    let rest = "";
    socket.on("data", (bytes) => {
      rest += bytes.toString("latin1");
      const whole = rest.lastIndexOf("\n\n") + 2;
      for (const [, seq] of rest.slice(0, whole).matchAll(/^id: (\d+)\ndata: \{"seq"/gm)) {
        events++;
        if (Number(seq) !== last + 1) lost++;
        last = Number(seq);
      }
      rest = rest.slice(whole);
    });
    socket.on("error", () => lost++);
    return socket;
  });

  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const times: number[] = [];
  let since = 0;
  const poll = async (): Promise<void> => {
    const began = performance.now();
    const asked = since;
    const text = await new Promise<string>((resolve, reject) => {
      get(`${url}/api/runs/${run}/events?since=${asked}&limit=50`, { agent }, (answer) => {
        let body = "";
        answer.on("data", (bytes) => {
          body += bytes;
        });
        answer.on("end", () => resolve(body));
      }).on("error", reject);
    });
    times.push(performance.now() - began);
    const first = /"seq":(\d+)/.exec(text)?.[1];
    if (first !== undefined && Number(first) !== asked + 1) lost++;
    since = Math.max(since, Number(/"next":(\d+),"done":(?:true|false)\}$/.exec(text)?.[1] ?? 0));
  };
  const pending: Promise<void>[] = [];
  const began = performance.now();
  for (let i = 0; performance.now() - began < seconds * 1000; i++) {
    pending.push(poll().catch(() => void lost++));
    const wait = (i * 1000) / polls - (performance.now() - began);
    if (wait > 1) await new Promise((resolve) => setTimeout(resolve, wait));
  }
  await Promise.all(pending);
  for (const socket of sockets) socket.destroy();
  agent.destroy();
  times.sort((a, b) => a - b);
  const at = (share: number): number =>
    times[Math.min(times.length - 1, Math.floor(share * times.length))] ?? 0;
  return { events, lost, polls: times.length, p50: at(0.5), p99: at(0.99) };
}
