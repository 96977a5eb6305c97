/** The bench's cases of attacks. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import t from "tap";
import { Key, tf } from "../../core/mod.ts";
import { onnxruntime } from "../../plugins/engines/onnxruntime/onnxruntime.ts";
import { cases } from "./cases/mod.ts";
import { peerMissing } from "./peers.ts";

await onnxruntime().start();

const main = fileURLToPath(new URL("main.ts", import.meta.url));

for (const { name, build } of cases.filter(({ name }) => name.startsWith("attacks-"))) {
  t.test(`${name} is a function of its key and leaves no tensor behind`, async (t) => {
    const key = Key.from("bench test");
    const attack = async (): Promise<number[]> => {
      const { data, whole } = build(key, 10, true);
      const losses: number[] = [];
      let held = 0;
      for (let count = 1; count <= 2; count++) {
        const { loss } = await whole!(data, key.fold(count));
        losses.push(loss!.dataSync()[0]!);
        loss!.dispose();
        if (count === 2) t.equal(tf.memory().numTensors, held, "no tensor is left behind");
        held = tf.memory().numTensors;
      }
      return losses;
    };
    const first = await attack();
    t.ok(
      first.every((loss) => loss > 0 && Number.isFinite(loss)),
      `losses ${first}`,
    );
    t.same(await attack(), first);
  });
}

const missing = await peerMissing("foolbox");
t.test("attacks compute what foolbox computes from equal weights", { skip: missing ?? false }, async (t) => {
  const only = "attacks-fgsm,attacks-pgd,attacks-carlini-wagner";
  const given = ["--check", "--engine", "onnxruntime", "--peers", "foolbox", "--only", only];
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...given], { encoding: "utf8" });
  t.equal(status, 0, stdout + stderr);
  t.match(stdout, /agrees {2}attacks-fgsm.*agrees {2}attacks-pgd.*agrees {2}attacks-carlini-wagner/s);
});
