/**
 * Networks of real CIFAR-10 from PyTorch, a file and a folder of PNGs each to `dsgan run`, beside what other libraries find on the
 * same. DSGAN_PEERS=whole trains longer, on adversarial examples too, and takes AutoAttack's own budgets.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { encode } from "fast-png";
import t from "tap";
import { cifar, cifarArchive, cifarMissing } from "./cifar.ts";

const python = process.env.DSGAN_PYTHON ?? "python3";
const probe = spawnSync(python, ["-c", "import foolbox, torchattacks, pyautoattack, onnx, PIL"], {
  encoding: "utf8",
});
const missing =
  probe.status !== 0
    ? `${python} lacks a peer (${probe.stderr?.trim().split("\n").at(-1) ?? probe.error}): see .ci/run, or name another ` +
      "interpreter in DSGAN_PYTHON"
    : (cifarMissing() ?? false);

const whole = process.env.DSGAN_PEERS === "whole";
const usual = { width: 12, training: 120, epsilon: "0", budgets: ["1/255"] };
const task = {
  archive: cifarArchive,
  parts: whole ? 5 : 1,
  images: whole ? 200 : 50,
  networks: whole
    ? {
        usual: { ...usual, width: 24, training: 600, budgets: ["1/255", "2/255"] },
        robust: { width: 24, training: 600, epsilon: "8/255", budgets: ["4/255", "8/255"] },
      }
    : { usual },
  ...(whole ? { steps: 100, targets: 9, queries: 5000 } : { steps: 10, targets: 2, queries: 50 }),
  ...(JSON.parse(process.env.DSGAN_PEERS_TASK ?? "{}") as object),
};

/** What cifar_onnx.py tells of a network, on the images of the folder by class and name. */
interface Answer {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
  readonly clean: readonly boolean[];
  readonly found: Readonly<Record<string, readonly boolean[]>>;
  readonly seconds: Readonly<Record<string, number>>;
}

/** Writes the first test images, a folder for each class. */
async function writeImages(folder: string): Promise<void> {
  const data = cifar("test");
  const x = data.rows(Array.from({ length: task.images }, (_, i) => i));
  const values = await x.data();
  x.dispose();
  for (let i = 0; i < task.images; i++) {
    const inside = join(folder, "images", String(data.labels![i]));
    mkdirSync(inside, { recursive: true });
    const pixels = Uint8Array.from(values.subarray(i * 3072, (i + 1) * 3072), (v) => Math.round(255 * v));
    const png = encode({ width: 32, height: 32, channels: 3, depth: 8, data: pixels });
    writeFileSync(join(inside, `${String(i).padStart(5, "0")}.png`), png);
  }
}

/** A scenario for a network. */
function scenario(network: string, budgets: readonly string[], { mean, deviation }: Answer): string {
  const exact = "steps: 20, relativeStep: 0.1, randomStart: false, earlyStop: false";
  const { steps, targets, queries } = task;
  return `name: cifar-onnx
application:
  use: evaluate-robustness
  data: { use: images, folder: ./images, range: unit }
  classifiers: { ${network}: { use: onnx, file: ./${network}.onnx, mean: [${mean}], deviation: [${deviation}] } }
  epsilons: { linf: [${budgets}] }
  attacks: [fgsm, { use: pgd, ${exact} }, { use: auto-attack, steps: ${steps}, targets: ${targets}, queries: ${queries} }]
`;
}

/** Whether each image is fooled, by attack and budget, as images.csv has it; and what the run told. */
function evaluated(folder: string, network: string) {
  const main = fileURLToPath(new URL("../../server/cli/main.ts", import.meta.url));
  const args = [main, "run", `${network}.yaml`, "--runs", `runs-${network}`];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
  t.equal(status, 0, stderr + stdout);
  const runs = join(folder, `runs-${network}`);
  const run = join(runs, readdirSync(runs)[0]!);
  const [head, ...rows] = readFileSync(join(run, "artifacts/images.csv"), "utf8").trim().split("\n");
  const columns = head!.split(",");
  const found = new Map<string, boolean[]>();
  for (const line of rows) {
    const cells = line.split(",");
    const cell = (name: string): string => cells[columns.indexOf(name)]!;
    const name = `${cell("attack")}@${cell("epsilon")}`;
    const flags = found.get(name) ?? [];
    flags[Number(cell("row"))] = cell("attacked") === "0" || cell("success") === "1";
    found.set(name, flags);
  }
  const result = JSON.parse(readFileSync(join(run, "result.json"), "utf8"));
  return { found, stdout, seconds: result.seconds as number };
}

t.test("real CIFAR-10, from PyTorch through a file and a folder", { skip: missing }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "dsgan-cifar-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  await writeImages(folder);
  const script = fileURLToPath(new URL("cifar_onnx.py", import.meta.url));
  const made = spawnSync(python, [script, folder, JSON.stringify(task)], { encoding: "utf8" });
  t.equal(made.status, 0, made.stderr);
  const answers: Readonly<Record<string, Answer>> = JSON.parse(
    readFileSync(join(folder, "answers.json"), "utf8"),
  );
  for (const [network, answer] of Object.entries(answers)) {
    const { budgets } = task.networks[network as "usual"]!;
    writeFileSync(join(folder, `${network}.yaml`), scenario(network, budgets, answer));
    const { found, stdout, seconds } = evaluated(folder, network);
    const n = answer.clean.length;
    const share = (flags: readonly boolean[]): number => (100 * flags.filter((good) => !good).length) / n;
    t.comment(`${network}: ${share(answer.clean.map((good) => !good))} % right; the run took ${seconds} s`);
    t.match(stdout, new RegExp(`${network}\\.auto-attack-linf@${budgets[0]} `), "told as it was written");
    for (const [line] of stdout.matchAll(/warning: .*/g)) t.comment(`${network}: ${line}`);
    t.notMatch(stdout, /slopes averaged over/, `${network} masks nothing`);
    for (const [name, theirs] of Object.entries(answer.found)) {
      const [library, full] = name.split(" ") as [string, string];
      const [attack, text] = full.split("@") as [string, string];
      const [above, below] = text.split("/").map(Number) as [number, number];
      const own = found.get(`${attack}-linf@${above / below}`)!;
      const [won, lost] = [true, false].map(
        (good) => own.filter((flag, i) => flag === good && theirs[i] !== good).length,
      );
      const time =
        answer.seconds[name] === undefined ? "" : `, theirs in ${answer.seconds[name]} s of the processor`;
      t.comment(
        `${network}: ${name}: ${share(own)} % left, theirs ${share(theirs)} %; ${won} and ${lost} alone${time}`,
      );
      // AutoAttack's are random: of the images that one alone fools, chance explains two standard deviations
      if (library === "autoattack") t.ok(lost! - won! <= 2 * Math.sqrt(won! + lost!), `${network}: ${name}`);
      else t.ok(won! + lost! <= Math.ceil(n / 200), `${network}: ${name}: ${won! + lost!} decisions differ`);
    }
  }
});
