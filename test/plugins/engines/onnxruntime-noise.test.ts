/** Normal numbers drawn four keys at a time, by one thread and by two. */
import { Worker } from "node:worker_threads";
import t from "tap";
import { type Draw, Key } from "../../../core/mod.ts";
import { fillAll } from "../../../plugins/engines/onnxruntime/noise.ts";
import * as tasks from "../../../plugins/engines/onnxruntime/noise-tasks.ts";
import { normalsModule, writeTables } from "../../../plugins/engines/onnxruntime/normals.ts";

const key = Key.from("noise");

function drawing(n: number, name: string, normal?: readonly [number, number]) {
  const draw: Draw = {
    path: [],
    shape: [n],
    make: () => t.fail("no tensor is made") as never,
    fill: (k, out) => void (normal ? k.normalArray(n, ...normal, out) : k.uniformArray(n, 0, 1, out)),
    ...(normal && { normal }),
  };
  return { draw, key: key.fold(name, n), out: new Float32Array(n) };
}

const same = (a: Float32Array, b: Float32Array): boolean =>
  Buffer.from(a.buffer).equals(Buffer.from(b.buffer));

t.test("fillAll() gives bit for bit what each key gives by itself", async (t) => {
  for (const n of [1, 3, 4096, 4097, 20_000, tasks.CHUNK + 5]) {
    const fillings = [
      ...Array.from({ length: 9 }, (_, i) => drawing(n, `standard ${i}`, [0, 1])),
      ...Array.from({ length: 4 }, (_, i) => drawing(n, `narrow ${i}`, [-2, 1e-3])),
      drawing(n, "alone", [0.5, 3]),
      ...Array.from({ length: 4 }, (_, i) => drawing(n, `uniform ${i}`)),
    ];
    for (const threads of [1, 2]) {
      fillAll(fillings, threads);
      for (const { draw, key, out } of fillings) {
        const alone = new Float32Array(n);
        draw.fill!(key, alone);
        t.ok(same(out, alone), `${n} numbers of ${key}, threads: ${threads}`);
        out.fill(0);
      }
    }
  }
});

t.test("fillAll() draws side by side what differs in length", (t) => {
  for (const longest of [50, 3000, tasks.CHUNK + 9]) {
    const lengths = [1, 0.99, 0.9, 0.7, 0.6, 0.5, 0.5, 0.4, 0.1, 0.01].map((x) => Math.ceil(x * longest));
    const fillings = lengths.map((n, i) => drawing(n, `length ${i}`, [i, 1 + i]));
    fillAll(fillings, 2);
    for (const { draw, key, out } of fillings) {
      t.ok(same(out, key.normalArray(out.length, ...draw.normal!)), `${out.length} of ${longest}`);
    }
  }
  t.end();
});

t.test("fillAll() takes more draws than there are tasks at a time", (t) => {
  const fillings = Array.from({ length: 4 * tasks.TASKS + 8 }, (_, i) => drawing(5000, `many ${i}`, [0, 1]));
  for (let round = 0; round < 20; round++) {
    for (const { out } of fillings) out.fill(0);
    fillAll(fillings, 2);
    const wrong = fillings.filter(({ key, out }) => !same(out, key.normalArray(5000)));
    t.equal(wrong.length, 0, `round ${round}`);
  }
  t.end();
});

t.test("the second thread makes the same numbers", async (t) => {
  const module = new WebAssembly.Module(normalsModule(true));
  const memory = new WebAssembly.Memory({ initial: tasks.PAGES, maximum: tasks.PAGES, shared: true });
  writeTables(memory.buffer);
  const control = new Int32Array(memory.buffer);
  const { PART } = tasks;
  const n = 1000;
  const keys = [0, 1, 2, 3].map((i) => key.fold("second", i));
  const at = tasks.taskAt(0);
  new Int32Array(memory.buffer, at + PART.from).set([at + PART.numbers, at + PART.numbers + 4 * n]);
  new Float64Array(memory.buffer, at + PART.means).set([-1, -1, -1, -1, 0.5, 0.5, 0.5, 0.5]);
  keys.forEach((k, lane) => {
    k.normalStream().state.forEach((part, j) => {
      control[(at + PART.state) / 4 + 4 * j + lane] = part;
    });
  });
  const url = new URL("../../../plugins/engines/onnxruntime/noise-thread.ts", import.meta.url);
  const thread = new Worker(url, { workerData: { module, memory }, execArgv: [] });
  t.teardown(() => thread.terminate());
  await new Promise((resolve, reject) => thread.on("online", () => resolve(undefined)).on("error", reject));
  tasks.offer(control, 1);
  tasks.waitFor(control, 0);
  const listed = (control[(at + PART.listed) / 4]! - at) / 4;
  t.ok(listed > 0 && listed < n / 5, `${listed} of ${n} places want a second look`);
  const places = new Int32Array(memory.buffer, at + PART.places, listed);
  const outside = new Set([...places].map((place) => (place - at - PART.numbers) / 4));
  for (const [lane, k] of keys.entries()) {
    const made = new Float32Array(memory.buffer, at + PART.numbers + 4 * tasks.CHUNK * lane, n);
    const own = k.normalArray(n, -1, 0.5);
    t.ok(
      own.every((x, i) => outside.has(i) || x === made[i]),
      `${k}`,
    );
  }
});

t.test("fillAll() reaches the tails", async (t) => {
  const fillings = Array.from({ length: 4 }, (_, i) => drawing(100_000, `tail ${i}`, [0, 1]));
  fillAll(fillings, 1);
  // 4e5 numbers beyond 3.852 are expected 47 times
  const far = fillings.flatMap(({ out }) => [...out].filter((x) => Math.abs(x) > 3.852046150368391)).length;
  t.ok(far > 15 && far < 90, `${far} lie where only the tail's own method puts them`);
});
