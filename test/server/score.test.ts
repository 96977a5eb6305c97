/** A table from end to end: rows generated, scored and exported in the table's own units, after the process is gone. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { encode } from "fast-png";
import { dump, parse } from "npyjs";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { lastValueFrom, toArray } from "rxjs";
import t, { type Test } from "tap";
import { InputError, loadScenario, run } from "../../core/mod.ts";
import { builtinPlugins } from "../../plugins/mod.ts";
import { folderStore } from "../../plugins/stores/mod.ts";
import { exportCommand } from "../../server/cli/export.ts";
import type { Host } from "../../server/cli/host.ts";
import { sampleCommand } from "../../server/cli/sample.ts";
import { type ScoreOptions, scoreCommand } from "../../server/cli/score.ts";

t.setTimeout(300_000);
const folder = mkdtempSync(join(tmpdir(), "dsgan-score-"));
t.teardown(() => rmSync(folder, { recursive: true }));
const runs = join(folder, "runs");
const host = { plugins: builtinPlugins } as unknown as Host;

/** Rows around (50, 2000), the second 40 times the first; colours alternate. */
const rows = Array.from({ length: 60 }, (_, i) => [
  50 + (i % 7) - 3,
  2000 + 40 * ((i % 7) - 3),
  i % 2 ? "red" : "blue",
]);
writeFileSync(
  join(folder, "normal.csv"),
  ["load,speed,colour", ...rows.map((row) => row.join(","))].join("\n"),
);
const NEW = "colour,speed,load,note\nred,2000,50,as usual\nblue,2000,500,ten times the load\n";
writeFileSync(join(folder, "new.csv"), NEW);
const data = { use: "csv", file: "./normal.csv", oneHot: ["colour"] };

/** Runs an application to its end. @returns the run's folder */
async function ran(t: Test, name: string, application: object): Promise<string> {
  const scenario = JSON.stringify({ name, engine: { use: "onnxruntime", threads: 1 }, application });
  const base = pathToFileURL(`${folder}/`);
  const loaded = await loadScenario(scenario, { base, file: `${name}.yaml`, plugins: builtinPlugins });
  const events = await lastValueFrom(run(loaded, { store: folderStore({ folder: runs }) }).pipe(toArray()));
  t.match(events.at(-1), { type: "ended", status: "passed" });
  return join(runs, (events[0] as { run: string }).run);
}

const asked: ScoreOptions = {
  ...{ runs, falseAlarms: 0.1, network: "scorer", badRows: "refuse" },
};

/** The numbers of an .npy file. */
function valuesIn(path: string): Float32Array {
  return parse(new Uint8Array(readFileSync(path)).buffer).data as unknown as Float32Array;
}

async function printed(act: () => Promise<unknown>): Promise<string> {
  const write = process.stdout.write;
  let text = "";
  process.stdout.write = ((chunk: string) => {
    text += chunk;
    return true;
  }) as typeof write;
  try {
    await act();
  } finally {
    process.stdout.write = write;
  }
  return text;
}

t.test(
  "dsgan score reads a table by the run's columns, and finds the row that is not as usual",
  async (t) => {
    const small = { use: "mlp", hidden: [16] };
    const scorer = {
      ...{
        use: "vae",
        code: 2,
        encoder: small,
        decoder: small,
        m: 20,
        autoencoder: { epochs: 60 },
        controls: [],
      },
      game: { epochs: 2, generator: { use: "novelty-generator", hidden: [8] }, critic: small },
      fineTuning: { epochs: 2 },
    };
    const where = await ran(t, "scored", {
      use: "novelty-detection",
      data,
      scorer,
      holdOut: 0.4,
      falseAlarms: 0.1,
    });
    const out = join(folder, "scores.csv");
    const told = await printed(() => scoreCommand(where, join(folder, "new.csv"), { ...asked, out }, host));
    t.match(
      told,
      /^2 rows scored, 1 above .*, which lets at most 10 % of normal rows .* \(by 24 held-out rows\): wrote /,
    );
    const [head, first, second] = readFileSync(out, "utf8").split("\n");
    t.equal(head, "row,score,p,abnormal");
    t.match(first, /^1,.*,0$/);
    t.match(second, /^2,.*,0\.04,1$/);

    await exportCommand(where, { runs, network: ["scorer"], format: "onnx", out: folder }, host);
    const session = await InferenceSession.create(join(folder, "scorer.onnx"));
    const x = new Tensor("float32", Float32Array.of(50, 2000, 0, 1, 500, 2000, 1, 0), [2, 4]); // load, speed, blue, red
    const { y } = await session.run({ x });
    const scores = [first, second].map((line) => Number(line!.split(",")[1]));
    [...(y!.data as Float32Array)].forEach((score, i) => {
      t.ok(
        Math.abs(score - scores[i]!) <= 1e-3 * scores[1]!,
        `the ONNX file takes the table's units: ${score}, ${scores[i]}`,
      );
    });

    const npy = join(folder, "new.npy");
    writeFileSync(npy, new Uint8Array(dump(Float32Array.of(50, 2000, 0, 1), [1, 4])));
    const text = await printed(() => scoreCommand(where, npy, asked, host));
    t.ok(Math.abs(Number(text.split("\n")[1]!.split(",")[1]) - scores[0]!) < 1e-4, "so do .npy files");

    const bad = join(folder, "bad.csv");
    writeFileSync(bad, `${NEW}green,1,1,\nred,,1,\n`);
    const refused = async (file: string, says: RegExp, more: Partial<ScoreOptions> = {}): Promise<void> => {
      const error = (await t.rejects(
        scoreCommand(where, file, { ...asked, ...more }, host),
        InputError,
      )) as Error;
      t.match(error.message, says);
    };
    await refused(
      bad,
      /row 3 \(line 4\): column "colour": expected one of "blue", "red", found "green"; row 4 \(line 5\)/,
    );
    const skipped = await printed(() => scoreCommand(where, bad, { ...asked, badRows: "skip" }, host));
    t.equal(skipped.trim().split("\n").length, 3);
    await refused(folder, /a folder of images, but the network takes rows of \[4\]/);
    await refused(join(folder, "new.csv"), /24 held-out rows cannot tell/, { falseAlarms: 0.01 });
    await refused(join(folder, "new.csv"), /has no network "scorr".*: scorer/, { network: "scorr" });
    await refused(join(folder, "new.txt"), /unknown ending "\.txt"/);
  },
);

t.test("dsgan score reads a file as the run has read its own, and speaks of its own options", async (t) => {
  const head = '"load, kg";"day"';
  const numbers = Array.from({ length: 30 }, (_, i) => `${50 + (i % 7)},5;2024-03-01`);
  writeFileSync(join(folder, "german.csv"), [head, ...numbers, ";2024-03-02"].join("\n"));
  const where = await ran(t, "german", {
    ...{ use: "novelty-detection", holdOut: 0.4, falseAlarms: 0.2 },
    data: {
      ...{ use: "csv", file: "./german.csv", delimiter: ";", decimal: ",", except: ["day"], badRows: "skip" },
    },
    scorer: {
      ...{ use: "vae", code: 1, m: 10, autoencoder: { epochs: 1 } },
      ...{ game: { epochs: 1 }, fineTuning: { epochs: 1 } },
    },
  });
  const scored = async (name: string, text: string, more: Partial<ScoreOptions> = {}): Promise<string[]> => {
    const path = join(folder, name);
    writeFileSync(path, text);
    const given = { ...asked, falseAlarms: 0.2, out: join(folder, "german-scores.csv"), ...more };
    const told = await printed(() => scoreCommand(where, path, given, host));
    return [told, ...readFileSync(given.out, "utf8").trim().split("\n")];
  };
  const plot = join(folder, "german.png");
  const [, , first, second] = await scored("usual.csv", '"load, kg"\n51,5\n500\n', { plot });
  t.match(first, /^1,/);
  t.same([...readFileSync(plot).subarray(1, 4)], [...Buffer.from("PNG")]);
  await t.rejects(scored("usual.csv", '"load, kg"\n51,5\n', { plot: "a.svg" }), { message: /as \.png/ });
  const [, , ofTabs] = await scored("tabs.tsv", "x\tload, kg\n1\t51,5\n");
  t.equal(ofTabs, first);
  const plain = { delimiter: ",", decimal: "." } as const;
  const [, , ofPoints] = await scored("points.csv", '"load, kg",x\n51.5,1\n', plain);
  t.equal(ofPoints, first, "an option goes before what the run has");

  const holes = `"load, kg";x\n51,5;1\n;1\n500;1\n`;
  const refused = async (text: string, says: RegExp): Promise<void> => {
    const error = (await t.rejects(scored("refused.csv", text), InputError)) as Error;
    t.match(error.message, says);
  };
  await refused(holes, /row 2 \(line 3\): column "load, kg": .* or give --bad-rows skip$/);
  await refused('"load, kg",x\n1,2\n', /give --delimiter ","$/);
  await refused('"load, kg"\n1.5\n', /write a decimal comma, or give --decimal "\."/);
  const [told, , one, three] = await scored("holes.csv", holes, { badRows: "skip" });
  t.match(told, /^1 row left out: row 2 \(line 3\): column "load, kg": .*\n2 rows scored, /);
  t.same([one, three], [first, second!.replace(/^2/, "3")], "rows keep their numbers");
});

t.test("a folder of images is enough: scores name the files", async (t) => {
  for (const [name, count] of [
    ["normal", 30],
    ["new", 2],
  ] as const) {
    mkdirSync(join(folder, name));
    for (let i = 0; i < count; i++) {
      const data = Uint8Array.from({ length: 16 }, (_, at) => (at % 4 < 2 ? 200 : 10 + i));
      writeFileSync(
        join(folder, name, `${i}, ${name}.png`),
        encode({ width: 4, height: 4, channels: 1, data }),
      );
    }
  }
  const where = await ran(t, "pictures", {
    ...{ use: "novelty-detection", holdOut: 0.4, falseAlarms: 0.2 },
    data: { use: "images", folder: "./normal" },
    scorer: {
      use: "vae",
      code: 2,
      m: 10,
      autoencoder: { epochs: 2 },
      game: { epochs: 1 },
      fineTuning: { epochs: 1 },
    },
  });
  const text = await printed(() =>
    scoreCommand(where, join(folder, "new"), { ...asked, falseAlarms: 0.2 }, host),
  );
  const [head, first, second] = text.split("\n");
  t.equal(head, "row,file,score,p,abnormal");
  t.match(first, /^1,"0, new\.png",[\d.e-]+,[\d.]+,[01]$/);
  t.match(second, /^2,"1, new\.png",/);
});

t.test("what is generated from a table is in its own units: artifacts, samples, ONNX", async (t) => {
  const target = { use: "convolution", data, noise: { normal: 0.1 } };
  const small = { use: "mlp", hidden: [8] };
  const where = await ran(t, "made", {
    ...{
      use: "generate",
      target,
      generator: small,
      critic: small,
      k: 1,
      m: 20,
      steps: 3,
      samples: 50,
      previews: 0,
    },
  });
  const pd = valuesIn(join(where, "artifacts/pd.npy"));
  const loads = Array.from({ length: 50 }, (_, i) => pd[4 * i]!);
  t.ok(
    loads.every((load) => load > 46.9 && load < 53.1),
    "rows of pd are those of the table",
  );
  const options = { runs, network: "generator", n: 5, seed: "0" };
  await printed(() => sampleCommand(where, { ...options, out: join(folder, "x.csv") }, host));
  const [head, ...lines] = readFileSync(join(folder, "x.csv"), "utf8").trim().split("\n");
  t.equal(head, "load,speed,colour");
  t.ok(
    lines.every((line) => /^[\d.]+,[\d.]+,(blue|red)$/.test(line)),
    lines[0]!,
  );
  await printed(() => sampleCommand(where, { ...options, out: join(folder, "x.npy") }, host));
  const drawn = valuesIn(join(folder, "x.npy"));
  t.same(
    lines.map((line) => Number(line.split(",")[0])),
    [0, 1, 2, 3, 4].map((i) => drawn[4 * i]),
  );
  t.ok(drawn[1]! > 1500, "speeds are about 2000");
  await printed(() =>
    exportCommand(where, { runs, network: ["generator"], format: "onnx", out: folder }, host),
  );
  const session = await InferenceSession.create(join(folder, "generator.onnx"));
  const { y } = await session.run({ x: new Tensor("float32", new Float32Array(32), [1, 32]) });
  t.ok((y!.data as Float32Array)[1]! > 1500, "and so are the file's");
});
