/**
 * Writes the rows that a run of novelty-detection learns from and is tested on, for peers: `learn.npy`, `test.npy`, and
 * which of the test rows are abnormal, `abnormal.npy`.
 *
 * Usage: node test/peers/novelty-rows.ts <scenario file> <seed> <folder> [path=value …]
 *
 * @module
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { dump } from "npyjs";
import { contextOf, Datasets, type FiniteDataset, Key, loadScenario, type Ref, tf } from "../../core/mod.ts";
import { builtinPlugins } from "../../plugins/mod.ts";
import { rowsOf } from "../../plugins/novelty/novelty-detection/rows.ts";

const [file, seed, folder, ...sets] = process.argv.slice(2) as [string, string, string, ...string[]];
await tf.setBackend("cpu");
const loaded = await loadScenario(readFileSync(file, "utf8"), {
  ...{ base: pathToFileURL(resolve(file)), file, plugins: builtinPlugins },
  overrides: sets.map((text) => ({
    path: text.slice(0, text.indexOf("=")),
    value: text.slice(text.indexOf("=") + 1),
  })),
});
const {
  data: ref,
  normal,
  rows,
  holdOut,
} = loaded.scenario.application as unknown as {
  readonly data: Ref;
  readonly normal: readonly number[];
  readonly rows?: number;
  readonly holdOut: number;
};
const data = (await contextOf(loaded.registry, loaded.base).create(Datasets, ref)) as FiniteDataset;
const given = { data, test: await data.heldOut!(), normal, rows, holdOut } as unknown as Parameters<
  typeof rowsOf
>[0];
const { learn, test } = await rowsOf(given, Key.from(Number(seed)).fold("novelty-detection"));
mkdirSync(folder, { recursive: true });
const write = (name: string, values: Float32Array, shape: number[]): void =>
  writeFileSync(join(folder, `${name}.npy`), new Uint8Array(dump(values, shape)));
for (const [name, part] of Object.entries({ learn, test: test! })) {
  const all = part.rows([...Array(part.size).keys()]);
  write(name, (await all.data()) as Float32Array, all.shape);
}
const abnormal = Float32Array.from(test!.labels!, (label) => (normal.includes(label) ? 0 : 1));
write("abnormal", abnormal, [abnormal.length]);
