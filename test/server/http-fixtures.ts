/** Runs for the tests of the HTTP app, and a reader of server-sent events. */
import type { EventBody, RunEvent, RunResult, RunWriter, Store } from "../../core/mod.ts";
import { memoryStore } from "../../plugins/stores/memory/memory.ts";
import { prometheusMetrics } from "../../server/http/metrics.ts";
import { type AppOptions, createApp, type Job, type Runner, type RunOrder } from "../../server/http/mod.ts";

export const event = (seq: number, body: EventBody): RunEvent => ({
  seq,
  time: new Date(Date.UTC(2026, 0, 1) + seq * 10).toISOString(),
  ...body,
});
export const stage = (seq: number): RunEvent => event(seq, { type: "stage", stage: `stage ${seq}` });
export const ended = (seq: number): RunEvent => event(seq, { type: "ended", status: "passed", seconds: 1 });
export const progress = (seq: number, step: number, values: Record<string, number>): RunEvent =>
  event(seq, { type: "progress", stage: "train", step, steps: 1000, values });

export const result: RunResult = {
  run: "r",
  scenario: "demo",
  status: "passed",
  metrics: { x: 1 },
  expectations: [],
  seconds: 1,
};

/** A server's answer, its body read. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it as they expect it to be
  readonly body: any;
}

/** A run in memory that is being written, and an app to ask for it: `:id` in a path is the run's. */
export async function running(options: AppOptions = {}): Promise<{
  readonly store: Store;
  readonly writer: RunWriter;
  get(path: string, init?: RequestInit): Promise<Answer>;
  raw(path: string, init?: RequestInit): Promise<Response>;
}> {
  const store = memoryStore();
  const writer = await store.create("demo");
  const door = createApp(store, { metrics: prometheusMetrics(store, options.runner), ...options });
  const raw = async (path: string, init?: RequestInit): Promise<Response> =>
    await door.request(path.replace(":id", writer.id), init);
  return { store, writer, raw, get: async (path, init) => await answered(await raw(path, init)) };
}

export async function answered(response: Response): Promise<Answer> {
  const text = await response.text();
  const isJson = /json/.test(response.headers.get("Content-Type") ?? "");
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
}

/** A server-sent event. */
export interface Sent {
  readonly name: string;
  readonly id: string;
  readonly data: string;
}

/** Reads server-sent events from an answer until it ends. */
export async function* sent(response: Response): AsyncGenerator<Sent> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const bytes of response.body as unknown as AsyncIterable<Uint8Array>) {
    rest += decoder.decode(bytes, { stream: true });
    const blocks = rest.split("\n\n");
    rest = blocks.pop()!;
    for (const block of blocks) {
      const fields = new Map(block.split("\n").map((line) => line.split(/: ?(.*)/s, 2) as [string, string]));
      if (fields.has("data")) {
        yield {
          name: fields.get("event") ?? "message",
          id: fields.get("id") ?? "",
          data: fields.get("data")!,
        };
      }
    }
  }
}

export const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** A runner that notes what it is asked for. */
export function fakeRunner(change: Partial<Runner> = {}): Runner & { readonly asked: unknown[] } {
  const asked: unknown[] = [];
  const job = (title: string): Job => ({ ticket: "t-1", state: "running", title, ahead: 0, run: "demo-9" });
  return {
    asked,
    async start(order: RunOrder) {
      asked.push(order);
      return job("demo");
    },
    async resume(run) {
      asked.push(run);
      return job(run);
    },
    cancel(run) {
      asked.push(run);
      return true;
    },
    jobs: () => [job("demo")],
    ...change,
  };
}
