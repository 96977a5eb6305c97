/** The bench's own machinery. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { Key, plainStep, tf } from "../../core/mod.ts";
import { wasm } from "../../plugins/engines/wasm/wasm.ts";
import { cases } from "./cases/mod.ts";
import { peerMissing } from "./peers.ts";
import { safetensors } from "./safetensors.ts";
import { median, type Row, rowsOf, spread } from "./statistics.ts";

await wasm().start(); // on cpu the networks of Table 4 take many seconds

const main = fileURLToPath(new URL("main.ts", import.meta.url));

t.test("median() is the middle, or the mean of the middle two", async (t) => {
  t.equal(median([5, 1, 100]), 5);
  t.equal(median([4, 1, 100, 2]), 3);
  const given = [3, 1, 2];
  median(given);
  t.same(given, [3, 1, 2], "what is given stays as it is");
});

t.test("spread() is the share of the median within which the middle half lies", async (t) => {
  t.equal(spread([10, 10, 10]), 0);
  t.equal(spread([7]), 0, "one tells nothing");
  t.equal(spread([8, 9, 10, 11, 100]), 0.2, "one far off counts no more than another");
});

t.test("rowsOf() compares with the best of the peers, or else of the other engines", async (t) => {
  const ours = { name: "wasm", kind: "engine", ms: [9, 10, 11] } as const;
  const slow = { name: "cpu", kind: "engine", ms: [40] } as const;
  const one = { name: "pytorch-1", kind: "peer", ms: [6, 5, 4] } as const;
  const two = { name: "jax-2", kind: "peer", ms: [8] } as const;
  const rest = { peak: 0.5, spread: 0.2 }; // that of pytorch-1
  t.same(rowsOf("c", [ours, slow, one, two], { flops: 500, peak: 100 }), [
    {
      case: "c",
      engine: "wasm",
      ms: 10,
      peers: { cpu: 40, "pytorch-1": 5, "jax-2": 8 },
      ratio: 0.5,
      ...rest,
    },
    {
      case: "c",
      engine: "cpu",
      ms: 40,
      peers: { wasm: 10, "pytorch-1": 5, "jax-2": 8 },
      ratio: 0.125,
      ...rest,
      peak: 0.125,
    },
  ]);
  const unknown = { flops: undefined, peak: 100 };
  const rows = rowsOf("c", [ours, slow], unknown);
  t.same(
    rows.map(({ ratio }) => ratio),
    [4, 0.25],
  );
  t.same(
    rows.map(({ peak }) => peak),
    [null, null],
    "where nobody counted, there is no share",
  );
  t.same(rowsOf("c", [ours], unknown)[0]!.ratio, null, "nothing to compare with");
  t.same(rowsOf("c", [one], unknown), [], "rows are engines'");
});

t.test("safetensors() writes a header and the values one after another", async (t) => {
  const bytes = safetensors(
    new Map([
      ["a", { shape: [2, 1], values: Float32Array.of(1, 2) }],
      ["b", { shape: [1], values: Float32Array.of(-3) }],
    ]),
  );
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const start = 8 + Number(view.getBigUint64(0, true));
  t.same(JSON.parse(Buffer.from(bytes.subarray(8, start)).toString()), {
    a: { dtype: "F32", shape: [2, 1], data_offsets: [0, 8] },
    b: { dtype: "F32", shape: [1], data_offsets: [8, 12] },
  });
  t.same(
    [0, 4, 8].map((offset) => view.getFloat32(start + offset, true)),
    [1, 2, -3],
  );
  t.equal(bytes.length, start + 12);
});

for (const { name, build } of cases.filter(({ name }) => /^(toy|mnist|engines-conv)/.test(name))) {
  t.test(
    `${name} is a function of its key, leaves no tensor behind, and trains where it is a training`,
    async (t) => {
      const key = Key.from("bench test");
      let trains = false;
      const train = (): number[][] => {
        const { step, data, numbers } = build(key, 10, true);
        trains = Object.keys(numbers(1)).length > 0; // those of its optimisers
        const { run } = plainStep(step);
        const losses: number[][] = [];
        let held = 0;
        for (let count = 1; count <= 2; count++) {
          const scalars = Object.values(run({ ...data, ...numbers(count) }, key.fold(count)));
          losses.push(scalars.map((loss) => loss.dataSync()[0]!));
          tf.dispose(scalars);
          if (count === 2) t.equal(tf.memory().numTensors, held, "no tensor is left behind");
          held = tf.memory().numTensors;
        }
        return losses;
      };
      const first = train();
      t.ok(first.flat().every(Number.isFinite), `losses ${first}`);
      if (trains) t.notSame(first[0], first[1], "a step changes the losses");
      t.same(train(), first);
    },
  );
}

t.test("bench --json writes an array of rows", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "dsgan-bench-test-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "rows.json");
  const given = ["--only", "engines-toy", "--engine", "cpu,wasm", "--no-peers"];
  const { status, stdout } = spawnSync(
    process.execPath,
    [main, ...given, "--repetitions", "1", "--block", "1", "--json", file],
    { encoding: "utf8" },
  );
  t.equal(status, 0);
  const rows = JSON.parse(readFileSync(file, "utf8")) as Row[];
  t.same(
    rows.map((row) => [row.case, row.engine, Object.keys(row.peers)]),
    [
      ["engines-toy", "cpu", ["wasm"]],
      ["engines-toy", "wasm", ["cpu"]],
    ],
  );
  for (const { ms, ratio, peers } of rows) t.equal(ratio, Object.values(peers)[0]! / ms);
  t.match(stdout, "engines-toy", "and prints a table");
  const { status: refused, stderr } = spawnSync(process.execPath, [main, "--only", "nothing"], {
    encoding: "utf8",
  });
  t.not(refused, 0);
  t.match(stderr, /nothing.*toy-wgan-gp/, "an unknown case is refused");
  const family = ["--only", "engines", "--engine", "auto", "--no-peers"];
  const { stderr: told } = spawnSync(
    process.execPath,
    [main, ...family, "--repetitions", "1", "--block", "1"],
    { encoding: "utf8" },
  );
  t.match(told, /engines-toy.*engines-conv/s, "the beginning of names stands for all of them");
});

for (const peer of ["pytorch", "jax"] as const) {
  const missing = await peerMissing(peer);
  t.test(
    `cases compute what ${peer} computes from equal weights and noise`,
    { skip: missing ?? false },
    async (t) => {
      const only = "toy-wgan-gp,mnist-ssl,cifar-classifier";
      const given = ["--check", "--engine", "wasm", "--peers", peer, "--only", only];
      const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...given], { encoding: "utf8" });
      t.equal(status, 0, stdout + stderr);
      t.match(stdout, /agrees {2}toy-wgan-gp.*agrees {2}mnist-ssl.*agrees {2}cifar-classifier/s);
    },
  );
}
