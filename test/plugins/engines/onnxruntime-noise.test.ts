/** Normal numbers drawn four keys at a time. */
import t from "tap";
import { type Draw, Key } from "../../../core/mod.ts";
import { fillAll } from "../../../plugins/engines/onnxruntime/noise.ts";

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

t.test("fillAll() gives bit for bit what each key gives by itself", async (t) => {
  for (const n of [1, 3, 4096, 4097, 20_000]) {
    const fillings = [
      ...Array.from({ length: 9 }, (_, i) => drawing(n, `standard ${i}`, [0, 1])),
      ...Array.from({ length: 4 }, (_, i) => drawing(n, `narrow ${i}`, [-2, 1e-3])),
      drawing(n, "alone", [0.5, 3]),
      ...Array.from({ length: 4 }, (_, i) => drawing(n, `uniform ${i}`)),
    ];
    fillAll(fillings);
    for (const { draw, key, out } of fillings) {
      const alone = new Float32Array(n);
      draw.fill!(key, alone);
      t.ok(Buffer.from(out.buffer).equals(Buffer.from(alone.buffer)), `${n} numbers of ${key}`);
    }
  }
});

t.test("fillAll() reaches the tails", async (t) => {
  const fillings = Array.from({ length: 4 }, (_, i) => drawing(100_000, `tail ${i}`, [0, 1]));
  fillAll(fillings);
  // 4e5 numbers beyond 3.852 are expected 47 times
  const far = fillings.flatMap(({ out }) => [...out].filter((x) => Math.abs(x) > 3.852046150368391)).length;
  t.ok(far > 15 && far < 90, `${far} lie where only the tail's own method puts them`);
});
