/** The app on real sockets: real trainings, readers of every kind, restarts, and clients that mean no good. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { memoryStore } from "../../plugins/stores/memory/memory.ts";
import { gathered } from "../../server/http/breath.ts";
import { listen } from "../../server/http/listen.ts";
import { ended, range, sent, stage } from "./http-fixtures.ts";

t.setTimeout(230_000); // trainings are real

const main = fileURLToPath(new URL("../../server/cli/main.ts", import.meta.url));
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Starts the command; resolves with the address that it tells. */
async function serve(runs: string, port = 0): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, [main, "serve", "--runs", runs, "--port", String(port)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const text of child.stdout!) {
    const url = /http:\S+/.exec(String(text))?.[0];
    if (url !== undefined) return { child, url };
  }
  throw new Error("the server ended before it printed its address");
}

const YAML = { "Content-Type": "application/yaml" };
const scenario = `
name: watched
engine: wasm
application:
  use: generate
  target: { use: convolution, data: ring, noise: { normal: 0.3 } }
  generator: { use: mlp, hidden: [16] }
  critic: { use: mlp, hidden: [16] }
  k: 1
  m: 16
  steps: 400
  samples: 50
  previews: 2
`;

/** All events of a run by polling, through failures of the server. */
async function polling(url: string, run: string): Promise<number[]> {
  const seen: number[] = [];
  for (let since = 0; ; ) {
    try {
      const answer = await fetch(`${url}/api/runs/${run}/events?since=${since}&wait=5&limit=50`);
      if (!answer.ok) throw new Error(`${answer.status}`);
      const page = (await answer.json()) as { events: { seq: number }[]; next: number; done: boolean };
      seen.push(...page.events.map(({ seq }) => seq));
      since = page.next;
      if (page.done) return seen;
    } catch {
      await pause(100);
    }
  }
}

/** All events of a run by streaming; leaves after some events, as `leave` says, and comes back for the rest. */
async function streaming(url: string, run: string, leave: () => number): Promise<number[]> {
  const seen: number[] = [];
  for (;;) {
    const control = new AbortController();
    const last = seen.at(-1);
    try {
      const answer = await fetch(`${url}/api/runs/${run}/stream`, {
        signal: control.signal,
        headers: last === undefined ? {} : { "Last-Event-ID": String(last) },
      });
      if (answer.status === 204) return seen;
      if (!answer.ok) throw new Error(`${answer.status}`);
      let left = leave();
      for await (const { name, id } of sent(answer)) {
        if (name === "end") return seen;
        if (name === "message") seen.push(Number(id));
        if (--left <= 0) break;
      }
    } catch {
      await pause(100);
    } finally {
      control.abort();
    }
  }
}

t.test("POST trains; polling, streaming and reconnecting at random see the same events", async (t) => {
  const runs = mkdtempSync(join(tmpdir(), "dsgan-http-"));
  const { child, url } = await serve(runs);
  t.teardown(async () => {
    child.kill("SIGKILL");
    rmSync(runs, { recursive: true, force: true, maxRetries: 5 });
  });
  const start = await fetch(`${url}/api/runs`, { method: "POST", headers: YAML, body: scenario });
  t.equal(start.status, 201);
  const { run } = (await start.json()) as { run: string };
  const waiting = await fetch(`${url}/api/runs`, { method: "POST", headers: YAML, body: scenario });
  t.equal(waiting.status, 202, "one at a time");
  const { ticket, state } = (await waiting.json()) as { ticket: string; state: string };
  t.equal(state, "queued");
  t.equal((await fetch(`${url}/api/queue/${ticket}`, { method: "DELETE" })).status, 202, "and it is let go");
  t.equal((await fetch(`${url}/api/runs/${run}/resume`, { method: "POST" })).status, 409);

  let n = 0;
  const atRandom = (): number => {
    n = (n * 7919 + 104729) % 65537;
    return 1 + (n % 40);
  };
  const [polled, streamed, hopped] = await Promise.all([
    polling(url, run),
    streaming(url, run, () => Number.POSITIVE_INFINITY),
    streaming(url, run, atRandom),
  ]);
  t.ok(polled.length > 200, `${polled.length} events`);
  t.strictSame(polled, range(1, polled.length), "polling, without gap or repeat");
  t.strictSame(streamed, polled);
  t.strictSame(hopped, polled);
  const summary = (await (await fetch(`${url}/api/runs/${run}`)).json()) as {
    status: string;
    events: number;
  };
  t.match(summary, { status: "passed", events: polled.length });
  let report = 404;
  for (let i = 0; i < 200 && report === 404; i++) {
    report = (await fetch(`${url}/api/runs/${run}/report`)).status;
    await pause(100);
  }
  t.equal(report, 200, "its report was written");
});

t.test("a run is stopped and resumed over HTTP, and the server leaves none behind", async (t) => {
  const runs = mkdtempSync(join(tmpdir(), "dsgan-http-"));
  const { child, url } = await serve(runs);
  t.teardown(async () => {
    child.kill("SIGKILL");
    rmSync(runs, { recursive: true, force: true, maxRetries: 5 });
  });
  const long = scenario.replace("steps: 400", "steps: 20000");
  const start = await fetch(`${url}/api/runs`, { method: "POST", headers: YAML, body: long });
  const { run } = (await start.json()) as { run: string };
  const follow = async (since: number, type: string) => {
    const answer = await fetch(`${url}/api/runs/${run}/events?since=${since}&wait=60&types=${type}`);
    return (await answer.json()) as {
      events: { seq: number; type: string; status?: string }[];
      next: number;
    };
  };
  const status = async () =>
    ((await (await fetch(`${url}/api/runs/${run}`)).json()) as { status: string }).status;
  await follow(0, "progress");
  t.equal(await status(), "running");
  t.equal((await fetch(`${url}/api/runs/${run}/cancel`, { method: "POST" })).status, 202);
  const stopped = await follow(0, "ended");
  t.equal(stopped.events[0]!.status, "cancelled");
  for (let i = 0; i < 100; i++) {
    const glance = (await (await fetch(`${url}/api/runs?status=cancelled`)).json()) as { runs: unknown[] };
    if (glance.runs.length === 1) break;
    await pause(50);
  }
  const again = await fetch(`${url}/api/runs/${run}/resume`, { method: "POST" });
  t.ok(again.status === 201 || again.status === 202, `${again.status}`);
  let resumed = await follow(stopped.next, "resumed");
  // Until its process is there, the run is what it was: over.
  for (let i = 0; i < 200 && resumed.events.length === 0; i++) {
    await pause(100);
    resumed = await follow(stopped.next, "resumed");
  }
  t.equal(resumed.events[0]!.type, "resumed");
  await follow(resumed.next, "progress");

  child.kill("SIGTERM");
  const [code] = await once(child, "exit");
  t.equal(code, 0);
  const { child: next, url: other } = await serve(runs);
  t.teardown(() => next.kill("SIGKILL"));
  const after = (await (await fetch(`${other}/api/runs/${run}`)).json()) as { status: string };
  t.equal(after.status, "cancelled", "it was stopped with the server, and can be resumed");

  const file = join(runs, "watched.yaml");
  writeFileSync(file, long);
  const training = spawn(process.execPath, [main, "run", file, "--runs", runs, "--quiet"], {
    stdio: "ignore",
  });
  t.teardown(() => training.kill("SIGKILL"));
  let elsewhere: string | undefined;
  while (elsewhere === undefined) {
    await pause(100);
    const list = (await (await fetch(`${other}/api/runs?status=running`)).json()) as {
      runs: { run: string }[];
    };
    elsewhere = list.runs[0]?.run;
  }
  await fetch(`${other}/api/runs/${elsewhere}/events?wait=60&types=progress`);
  const exit = once(training, "exit");
  t.equal((await fetch(`${other}/api/runs/${elsewhere}/cancel`, { method: "POST" })).status, 202);
  await exit;
  const end = (await (await fetch(`${other}/api/runs/${elsewhere}`)).json()) as { status: string };
  t.equal(end.status, "cancelled", "so is one that was started in a terminal");
});

t.test("readers go on where they were when the server is killed and started anew", async (t) => {
  const runs = mkdtempSync(join(tmpdir(), "dsgan-http-"));
  const first = await serve(runs);
  const port = Number(new URL(first.url).port);
  const file = join(runs, "watched.yaml");
  writeFileSync(file, scenario.replace("steps: 400", "steps: 1500"));
  const training = spawn(process.execPath, [main, "run", file, "--runs", runs, "--quiet"], {
    stdio: "ignore",
  });
  t.teardown(async () => {
    for (const process of [training, first.child]) process.kill("SIGKILL");
    await pause(300);
    rmSync(runs, { recursive: true, force: true, maxRetries: 5 });
  });
  let run: string | undefined;
  while (run === undefined) {
    const list = (await (await fetch(`${first.url}/api/runs`)).json()) as { runs: { run: string }[] };
    run = list.runs[0]?.run;
    await pause(50);
  }
  const readers = Promise.all([
    polling(first.url, run),
    streaming(first.url, run, () => Number.POSITIVE_INFINITY),
    streaming(first.url, run, () => 17),
  ]);
  await pause(1000);
  first.child.kill("SIGKILL");
  await once(first.child, "exit");
  await pause(500);
  const second = await serve(runs, port);
  t.teardown(() => second.child.kill("SIGKILL"));
  const [polled, streamed, hopped] = await readers;
  t.ok(polled.length > 200, `${polled.length} events`);
  t.strictSame(polled, range(1, polled.length));
  t.strictSame(streamed, polled);
  t.strictSame(hopped, polled);
});

/** Sends bytes as they are, some of them late; gives what came back until the server hung up, or for a while. */
async function talk(url: string, ...parts: (string | number)[]): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on("error", () => {}); // it may hang up on us while we speak
  let heard = "";
  socket.on("data", (bytes) => {
    heard += bytes;
  });
  const gone = new Promise<void>((resolve) => socket.on("close", () => resolve()));
  for (const part of parts) {
    if (typeof part === "number") await pause(part);
    else socket.write(part);
  }
  await Promise.race([gone, pause(3000)]);
  socket.destroy();
  return heard;
}

t.test(
  "malformed, oversized and slow requests get the right status, and the server goes on answering",
  async (t) => {
    const store = memoryStore();
    const writer = await store.create("demo");
    await writer.append(stage(1));
    const limits = { headers: 300, request: 600, idle: 1000 };
    const server = await listen(store, { port: 0, limits });
    t.teardown(() => server.close());
    const { url } = server;
    const answers = async (what: string): Promise<void> => {
      t.equal((await fetch(`${url}/api/runs/${writer.id}/events`)).status, 200, `it answers after ${what}`);
    };
    const post = "POST /api/runs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/yaml\r\n";
    const cases: [what: string, expected: RegExp, ...parts: (string | number)[]][] = [
      ["nonsense", /^HTTP\/1\.1 400/, "GIVE ME\r\n\r\n"],
      ["binary", /^HTTP\/1\.1 400/, "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\r\n\r\n"],
      ["no host", /^HTTP\/1\.1 400/, "GET /api/runs HTTP/1.1\r\n\r\n"],
      ["a name that is not ours", /^HTTP\/1\.1 403/, "GET /api/runs HTTP/1.1\r\nHost: evil.example\r\n\r\n"],
      ["a broken host", /^HTTP\/1\.1 400/, "GET /api/runs HTTP/1.1\r\nHost: a b/@\r\n\r\n"],
      [
        "large headers",
        /^HTTP\/1\.1 431/,
        `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(20_000)}\r\n\r\n`,
      ],
      ["a long address", /^HTTP\/1\.1 431/, `GET /${"x".repeat(20_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`],
      ["two lengths", /^HTTP\/1\.1 400/, `${post}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc`],
      ["a negative length", /^HTTP\/1\.1 400/, `${post}Content-Length: -1\r\n\r\n`],
      ["a large body announced", /^HTTP\/1\.1 (413|501)/, `${post}Content-Length: 999999999\r\n\r\nx`],
      ["slow headers", /^HTTP\/1\.1 408/, "GET /api/runs HTTP/1.1\r\nHost: local", 900, "host\r\n\r\n"],
      ["silence", /^(HTTP\/1\.1 408.*)?$/s, ""],
      [
        "a bad escape",
        /^HTTP\/1\.1 40[04]/,
        "GET /api/runs/%E0%A4%A/events HTTP/1.1\r\nHost: localhost\r\n\r\n",
      ],
      [
        "NUL in a path",
        /^HTTP\/1\.1 40[04]/,
        "GET /api/runs/a%00b/events HTTP/1.1\r\nHost: localhost\r\n\r\n",
      ],
      [
        "climbing",
        /^HTTP\/1\.1 40[04]/,
        `GET /api/runs/${writer.id}/artifacts/../../../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n`,
      ],
    ];
    for (const [what, expected, ...parts] of cases) {
      t.match(await talk(url, ...parts), expected, what);
      await answers(what);
    }
  },
);

t.test("a body that comes too slowly is given up", async (t) => {
  const store = memoryStore();
  const job = { ticket: "t", state: "running", title: "", ahead: 0, run: "r" } as const;
  const runner = { start: async () => job, resume: async () => job, cancel: () => true, jobs: () => [] };
  const server = await listen(store, { port: 0, runner, limits: { headers: 300, request: 600, idle: 5000 } });
  t.teardown(() => server.close());
  const heard = await talk(
    server.url,
    "POST /api/runs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/yaml\r\nContent-Length: 100\r\n\r\napplic",
    1500,
    "ation",
  );
  t.match(heard, /^HTTP\/1\.1 408/);
  t.equal((await fetch(`${server.url}/healthz`)).status, 200);
});

t.test("a client that reads nothing is let go of, and takes no memory meanwhile", async (t) => {
  const store = memoryStore();
  const writer = await store.create("demo");
  await writer.append(stage(1));
  const streams = { behind: 100, patience: 200, heartbeat: 100 };
  const server = await listen(store, { port: 0, streams, limits: { idle: 1000 } });
  t.teardown(() => server.close());
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  socket.write(`GET /api/runs/${writer.id}/stream HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  await once(socket, "data");
  socket.pause();
  const closed = new Promise<void>((resolve) => socket.on("close", () => resolve()));
  socket.on("error", () => {});
  await pause(300);
  const line = { ...stage(1), padding: "x".repeat(2000) };
  for (let seq = 2; seq <= 20_000; seq++) await writer.append({ ...line, seq }); // 40 MB
  await writer.append(ended(20_001));
  const metrics = async () => await (await fetch(`${server.url}/metrics`)).text();
  for (let i = 0; i < 50 && !/dsgan_streams_cut_off_total 1\n/.test(await metrics()); i++) await pause(100);
  const text = await metrics();
  t.match(text, /dsgan_streams_cut_off_total 1\n/);
  const bytes = Number(/dsgan_stream_bytes_total (\d+)/.exec(text)![1]);
  t.ok(bytes < 12e6, `${bytes} bytes of 40 million were handed to it`);
  socket.resume();
  await closed;
  t.pass("the connection was ended");
});

t.test("requests go on at once, those of a crowd together", async (t) => {
  let clock = 5_000;
  const together = gathered(() => clock);
  const answers = Array.from({ length: 150 }, () => together());
  t.equal(
    answers.findIndex((wait) => wait !== undefined),
    99,
    "the hundredth of a second is told to wait",
  );
  const waits = answers.slice(99);
  t.equal(new Set(waits).size, 1, "all from there on for the same");
  await waits[0];
  t.not(together(), waits[0], "the next ones for another");
  clock += 1000;
  t.ok(together(), "the second before was a crowd's");
  clock += 2000;
  t.equal(together(), undefined, "nobody once the crowd has gone");
});

t.test("a crowd is answered in full on few connections", async (t) => {
  const store = memoryStore();
  const writer = await store.create("demo");
  await writer.append(stage(1));
  const server = await listen(store, { port: 0 });
  t.teardown(() => server.close());
  const url = `${server.url}/api/runs/${writer.id}/events`;
  const answers = await Promise.all(Array.from({ length: 400 }, async () => (await fetch(url)).json()));
  t.strictSame(new Set(answers.map((answer) => JSON.stringify(answer))).size, 1);
  t.strictSame(answers[0], { events: [stage(1)], next: 1, done: false });
});
