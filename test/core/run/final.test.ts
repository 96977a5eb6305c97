/** What no longer changes is written by one checkpoint, named by those after it, and goes with the last of them. */
import { lastValueFrom, toArray } from "rxjs";
import t from "tap";
import {
  type ApplicationEvent,
  newestCheckpoint,
  type RunContext,
  run,
  type Store,
  tf,
} from "../../../core/mod.ts";
import { memoryStore } from "../../../plugins/stores/memory/memory.ts";
import { loadActing } from "../parts.ts";

/** Draws four rows, one a step, and then takes three steps more; the rows' sum tells whether they came back. */
function drawing(crashAt: number) {
  let calls = 0;
  return async function* ({ state, key }: RunContext): AsyncGenerator<ApplicationEvent> {
    const sum = yield* state.once("drawn", async function* (stage): AsyncGenerator<ApplicationEvent, number> {
      const drawn = stage.cell<number>("drawn", 0);
      const rows: tf.Variable[] = [];
      const add = (row: tf.Tensor): void => {
        const i = rows.push(tf.variable(row, false)) - 1;
        stage.keepFinal(`rows/${i}`, rows[i]!);
        row.dispose();
      };
      try {
        for (let i = 0; i < drawn.value; i++) add(tf.zeros([100]));
        while (drawn.value < 4) {
          if (++calls === crashAt) throw new Error("crashed");
          await stage.settle();
          add(key.fold("row", drawn.value).uniform([100]));
          drawn.value++;
          yield { type: "progress", stage: "drawn", step: drawn.value, steps: 4 };
        }
        const sums = await Promise.all(rows.map((row) => row.data()));
        return sums.flatMap((row) => [...row]).reduce((a, b) => a + b);
      } finally {
        tf.dispose(rows);
      }
    });
    for (const name of ["a", "b", "c"]) {
      if (++calls === crashAt) throw new Error("crashed");
      // biome-ignore lint/correctness/useYield: a stage without events
      yield* state.once(name, async function* () {
        return null;
      });
    }
    yield { type: "metrics", values: { sum } };
  };
}

async function session(store: Store, crashAt: number, resume?: string) {
  const loaded = await loadActing(drawing(crashAt), "checkpoint: { steps: 1, keep: 2 }");
  return await lastValueFrom(run(loaded, { store, ...(resume && { resume }) }).pipe(toArray()));
}
const sumOf = async (store: Store): Promise<unknown> =>
  (await (await store.open("acted-1")).result())?.metrics.sum;
const files = async (store: Store): Promise<string[]> =>
  (await (await store.open("acted-1")).files("checkpoints/")).map((path) => path.split("/")[1]!);

t.test("checkpoints name what earlier ones wrote, and take it away with the last that does", async (t) => {
  const store = memoryStore();
  await session(store, 4);
  t.strictSame(await files(store), [
    ...["000002.final.safetensors", "000002.json", "000002.safetensors"],
    ...["000003.final.safetensors", "000003.json", "000003.safetensors"],
  ]);
  const events = await session(store, Number.POSITIVE_INFINITY, "acted-1");
  const sizes = events.flatMap((event) => (event.type === "checkpoint" ? [event.bytes] : []));
  t.ok(
    Math.max(...sizes.slice(1)) < 2 * Math.min(...sizes.slice(1)),
    `no checkpoint repeats four rows: ${sizes}`,
  );
  t.notOk(
    (await files(store)).some((name) => name.includes("final")),
    "the stage that kept them is over",
  );
  const whole = memoryStore();
  await session(whole, Number.POSITIVE_INFINITY);
  t.equal(await sumOf(store), await sumOf(whole));
});

t.test("a run that breaks anywhere comes to the same sum", async (t) => {
  const whole = memoryStore();
  await session(whole, Number.POSITIVE_INFINITY);
  for (const crashes of [[1], [2], [3], [5], [6], [7], [2, 2, 2], [1, 1, 3, 1], [4, 3, 2]]) {
    const store = memoryStore();
    let resume: string | undefined;
    for (const at of [...crashes, Number.POSITIVE_INFINITY]) {
      await session(store, at, resume);
      resume = "acted-1";
    }
    t.equal(await sumOf(store), await sumOf(whole), `${crashes}`);
    t.notOk(
      (await files(store)).some((name) => name.includes("final")),
      "nothing is left lying",
    );
  }
});

t.test("a checkpoint whose unchanging part is damaged is passed over", async (t) => {
  const store = memoryStore();
  await session(store, 4);
  const writer = await store.resume("acted-1");
  const path = "checkpoints/000003.final.safetensors";
  const bytes = await (await store.open("acted-1")).read(path);
  bytes[bytes.length - 3]! ^= 4;
  await writer.write(path, bytes);
  await writer.close();
  const { checkpoint, damaged } = await newestCheckpoint(await store.open("acted-1"));
  t.equal(checkpoint?.path, "checkpoints/000002.json");
  t.match(damaged, [/000003\.final\.safetensors is damaged: its checksum/]);
  await session(store, Number.POSITIVE_INFINITY, "acted-1");
  const whole = memoryStore();
  await session(whole, Number.POSITIVE_INFINITY);
  t.equal(await sumOf(store), await sumOf(whole));
  t.notOk((await files(store)).some((name) => name.includes("final")));
});

t.test("what a process left lying that died while it removed a checkpoint goes in time", async (t) => {
  const store = memoryStore();
  await session(store, 4);
  const writer = await store.resume("acted-1");
  await writer.remove("checkpoints/000002.json");
  await writer.close();
  t.ok((await files(store)).includes("000002.safetensors"));
  await session(store, Number.POSITIVE_INFINITY, "acted-1");
  const left = await files(store);
  t.equal(left.length, 4, `two checkpoints of two files: ${left}`);
});
