import t from "tap";
import {
  Applications,
  component,
  definePlugin,
  Engines,
  type LoadedScenario,
  loadScenario,
  RUN_FILES,
  RunError,
  type RunEvent,
  type RunWriter,
  run,
  type Store,
  z,
} from "../../../core/mod.ts";
import { memoryStore } from "../../../plugins/stores/memory/memory.ts";

const none = () => z.strictObject({});
const info = { name: "none", version: "1", device: "", reason: "asked for" };
const plugin = definePlugin({
  name: "demo",
  core: "*",
  components: [
    component(Engines, {
      name: "none",
      summary: "",
      options: none,
      create: () => ({ name: "none", merit: 0, start: async () => info }),
    }),
    component(Applications, {
      name: "count",
      summary: "",
      options: none,
      create: () => ({
        name: "count",
        async *run() {
          for (let i = 1; i <= 3; i++) yield { type: "stage", stage: `stage ${i}` };
          yield { type: "metrics", values: { stages: 3 } };
        },
      }),
    }),
  ],
});

const load = (): Promise<LoadedScenario> =>
  loadScenario("{ name: demo, engine: none, application: count, expect: { stages: { atLeast: 3 } } }", {
    base: new URL("file:///nowhere/"),
    file: "demo.yaml",
    plugins: [plugin],
  });

/** A memory store whose writers are changed, and the calls made to them. */
function watched(change: (writer: RunWriter, calls: string[]) => Partial<RunWriter> = () => ({})) {
  const store = memoryStore();
  const calls: string[] = [];
  const watchedStore: Store = {
    ...store,
    async create(scenario) {
      const writer = await store.create(scenario);
      const { append, write, close } = { ...writer, ...change(writer, calls) };
      return {
        ...writer,
        append(event) {
          calls.push(event.type);
          return append(event);
        },
        write(path, data) {
          calls.push(path);
          return write(path, data);
        },
        close() {
          calls.push("close");
          return close();
        },
      };
    },
  };
  return { store, watchedStore, calls };
}

/** All events of a run, and the error it ended with where it did. */
async function observe(store: Store): Promise<{ events: RunEvent[]; error: unknown }> {
  const events: RunEvent[] = [];
  const loaded = await load();
  return await new Promise((resolve) => {
    run(loaded, { store }).subscribe({
      next: (event) => events.push(event),
      complete: () => resolve({ events, error: undefined }),
      error: (error) => resolve({ events, error }),
    });
  });
}

t.test("run() keeps the result before it says `ended`, and closes after", async (t) => {
  const { store, watchedStore, calls } = watched();
  const { events, error } = await observe(watchedStore);
  t.equal(error, undefined);
  t.strictSame(calls.slice(-4), ["expectation", RUN_FILES.result, "ended", "close"]);
  const reader = await store.open(events[0]!.type === "started" ? events[0]!.run : "");
  t.strictSame(await reader.events(), events, "what is seen is what is kept");
  t.strictSame(
    events.map((event) => event.seq),
    events.map((_, i) => i + 1),
  );
  const result = await reader.result();
  t.match(result, { status: "passed", metrics: { stages: 3 }, expectations: [{ met: true }] });
});

t.test("run() that cannot keep an event fails, numbering what it can keep without a gap", async (t) => {
  const full = (writer: RunWriter, calls: string[]): Partial<RunWriter> => ({
    append: async (event) => {
      if (event.type === "stage" && calls.filter((call) => call === "stage").length === 2) {
        throw new RunError("no space left");
      }
      await writer.append(event);
    },
  });
  const { store, watchedStore } = watched(full);
  const { events, error } = await observe(watchedStore);
  t.equal(error, undefined);
  t.match(events.at(-1), { type: "ended", status: "failed", error: "no space left" });
  t.strictSame(
    events.map((event) => event.seq),
    events.map((_, i) => i + 1),
  );
  t.match(await (await store.open((await store.list())[0]!)).result(), { error: { kind: "run" } });
});

t.test("run() whose end cannot be kept says so, and closes all the same", async (t) => {
  const { watchedStore, calls } = watched((writer) => ({
    write: async (path, data) => {
      if (path === RUN_FILES.result) throw new RunError("no space left");
      await writer.write(path, data);
    },
  }));
  const { events, error } = await observe(watchedStore);
  t.match(error, { name: "RunError", message: "no space left" });
  t.notOk(events.some((event) => event.type === "ended"));
  t.equal(calls.at(-1), "close");
});
