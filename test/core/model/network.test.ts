import t from "tap";
import { copyVariables, tf } from "../../../core/mod.ts";

await tf.setBackend("cpu");
await tf.ready();

t.test("copyVariables() gives values by name, in memory of their own", async (t) => {
  const variables = (a: number, b: number) =>
    new Map<string, tf.Variable>([
      ["a", tf.variable(tf.scalar(a))],
      ["b", tf.variable(tf.tensor1d([b, b]))],
    ]);
  const [from, to] = [variables(1, 2), new Map([...variables(3, 4)].reverse())];
  const before = tf.memory().numTensors;
  copyVariables(from, to);
  t.same([...to.get("b")!.dataSync(), ...to.get("a")!.dataSync()], [2, 2, 1]);
  from.get("a")!.assign(tf.scalar(9));
  t.same([...to.get("a")!.dataSync()], [1], "a change of one is not seen in the other");
  t.equal(tf.memory().numTensors, before + 1, "only the scalar of this test is new");
});
