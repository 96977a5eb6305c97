import t from "tap";
import { Key, passesOf } from "../../../core/mod.ts";

const key = Key.from("stream");

t.test("passesOf() takes each row once a pass, and draws an order once a pass", async (t) => {
  let drawn = 0;
  const counting = {
    fold: (...names: number[]) => ({
      permutation: (n: number) => {
        drawn++;
        return key.fold(...names).permutation(n);
      },
    }),
  } as unknown as Key;
  const short = passesOf(7, 3, counting, "short");
  const batches = Array.from({ length: 9 }, (_, i) => [...short(i)]);
  t.equal(drawn, 3, "one order for each of three passes");
  t.same(
    batches.map(({ length }) => length),
    [3, 3, 1, 3, 3, 1, 3, 3, 1],
  );
  const passes = [0, 3, 6].map((from) => batches.slice(from, from + 3).flat());
  for (const pass of passes) t.same(pass.toSorted(), [0, 1, 2, 3, 4, 5, 6]);
  t.equal(new Set(passes.map(String)).size, 3, "in another order each time");
  const filled = passesOf(7, 3, key, "filled");
  t.same([...filled(2)], [batches[2]![0], batches[2]![0], batches[2]![0]], "one row, three times");
  t.same([...filled(4)], batches[4], "in whatever order it is asked");
  t.same([...passesOf(7, 3, key, "short")(0)], batches[0], "a function of the key");
});
