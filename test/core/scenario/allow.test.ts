/** What a scenario from outside may name: paths as they are written, whatever characters they have. */
import t from "tap";
import {
  type Application,
  Applications,
  component,
  loadScenario,
  NotAllowed,
  path,
  type RunEvent,
  run,
  type Store,
  z,
} from "../../../core/mod.ts";
import { requireAllowed } from "../../../core/scenario/allow.ts";
import engine from "../../../plugins/engines/cpu/cpu.ts";
import { memoryStore } from "../../../plugins/stores/memory/memory.ts";

t.test("an entry allows the path that it is, and a folder what lies in it", (t) => {
  for (const path of ["./v.npy", "./100%.npy", "./a#b c?.npy", "./%41.npy", "./ä%zz.npy"]) {
    t.doesNotThrow(() => requireAllowed([path], [path]), path);
    t.doesNotThrow(() => requireAllowed([path], ["./"]), path);
    t.throws(() => requireAllowed([path], ["./other.npy"]), { message: /cannot name/ }, path);
  }
  const climbing = [
    "./data/../x.npy",
    "./data/%2e%2e/x.npy",
    "./data/%2E./x.npy",
    "./data/..%2fx.npy",
    "./data/.%2e/100%/x.npy",
  ];
  for (const path of climbing) {
    t.throws(() => requireAllowed([path], ["./data/"]), { message: /cannot name/ }, path);
  }
  t.end();
});

/** An application that opens a place, whose schema says so or not. */
const opening = (option: z.ZodType<string>) =>
  component(Applications, {
    name: "opening",
    summary: "Names a place",
    options: z.strictObject({ file: option.default("usual.csv"), word: z.string().default("x") }),
    create: ({ file }, context): Application => ({
      name: "opening",
      async *run() {
        yield { type: "warning", message: context.locate(file).pathname };
      },
    }),
  });

async function ended(store: Store, option: z.ZodType<string>, file: string): Promise<RunEvent | undefined> {
  const text = JSON.stringify({ name: "demo", application: { use: "opening", file } });
  const origin = { base: new URL("file:///there/"), file: "demo", plugins: [engine, opening(option)] };
  const loaded = await loadScenario(text, { ...origin, allow: ["ok.csv"] });
  let last: RunEvent | undefined;
  await run(loaded, { store }).forEach((event) => {
    last = event;
  });
  return last;
}

t.test("path() says so when the scenario is read; others are refused when they are opened", async (t) => {
  const store = memoryStore();
  t.match(await ended(store, path(), "ok.csv"), { type: "ended", status: "passed" });
  await t.rejects(ended(store, path(), "secret.csv"), NotAllowed);
  t.match(await ended(store, z.string(), "ok.csv"), { type: "ended", status: "passed" });
  t.match(await ended(store, z.string(), "secret.csv"), {
    type: "ended",
    status: "failed",
    error: /cannot name "secret.csv"/,
  });
});
