/** Datasets of tables: columns chosen, standardised by the training rows alone, faults named by row. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parquetWriteBuffer } from "hyparquet-writer";
import t, { type Test } from "tap";
import { Datasets, type FiniteDataset, InputError, refsOf, subset, tf } from "../../core/mod.ts";
import { arrays } from "../../plugins/datasets/arrays/arrays.ts";
import csvPlugin, { csv } from "../../plugins/datasets/csv/csv.ts";
import parquetPlugin, { parquet, readParquet } from "../../plugins/datasets/parquet/parquet.ts";
import { convolution } from "../../plugins/targets/convolution/convolution.ts";
import { datasetDifference } from "../../plugins/targets/dataset-difference/dataset-difference.ts";
import { labelDifference } from "../../plugins/targets/label-difference/label-difference.ts";
import { contextFor } from "../conformance/context.ts";
import { checkDataset } from "../conformance/dataset.ts";
import { checkOptions } from "../conformance/options.ts";

await tf.setBackend("cpu");
await tf.ready();

const folder = mkdtempSync(join(tmpdir(), "dsgan-tables-"));
t.teardown(() => rmSync(folder, { recursive: true }));
const file = (name: string, text: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

const MACHINES = `temperature,pressure,colour,state
10,1,red,ok
20,1,blue,ok
30,1,red,broken
40,1,"dark ""green""",ok
`;

/** All rows, rounded. */
function rowsOf(data: FiniteDataset): number[][] {
  const rows = tf.tidy(() => data.rows([...Array(data.size).keys()]).arraySync()) as number[][];
  return rows.map((row) => row.map((value) => Math.round(value * 1000) / 1000));
}

async function rejects(t: Test, made: Promise<unknown>, says: RegExp): Promise<void> {
  const error = (await t.rejects(made, InputError)) as Error;
  t.match(error.message, says);
}

t.test("csv() gives chosen columns, standardised, and numbers classes by alphabet", async (t) => {
  const data = await csv({
    file: file("machines.csv", MACHINES),
    columns: ["pressure", "temperature", "colour"],
    oneHot: ["colour"],
    labels: "state",
  });
  const spread = Math.sqrt(125);
  t.same(data.columns, [
    { name: "pressure", mean: 1, scale: 1 }, // never changes
    { name: "temperature", mean: 25, scale: spread },
    { name: "colour", category: "blue", mean: 0, scale: 1 },
    { name: "colour", category: 'dark "green"', mean: 0, scale: 1 },
    { name: "colour", category: "red", mean: 0, scale: 1 },
  ]);
  t.same(rowsOf(data)[0], [0, -1.342, 0, 0, 1]);
  t.same(rowsOf(data)[3], [0, 1.342, 0, 1, 0]);
  t.same([...data.labels!], [1, 1, 0, 1]);
  t.equal(data.classes, 2);
});

t.test("csv() and parquet() keep the contract of datasets", async (t) => {
  const data = await csv({ file: file("a.csv", MACHINES), columns: ["temperature"], labels: "state" });
  await checkDataset(t, data);
  const context = await contextFor();
  for (const plugin of [csvPlugin, parquetPlugin]) checkOptions(t, plugin, refsOf(context.registry));
  const made = await context.create(Datasets, {
    use: "csv",
    file: join(folder, "a.csv"),
    columns: ["temperature"],
  });
  t.same(made.shape, [1]);
});

t.test("rows held out are standardised by the others' numbers", async (t) => {
  const table = file("b.csv", "x,y\n0,0\n2,0\n4,1\n100,1\n");
  const second = await csv({ file: table, labels: "y", test: file("b2.csv", "y,x\n1,5\n") });
  const [mean, scale] = [26.5, second.columns![0]!.scale];
  t.equal(second.columns![0]!.mean, mean);
  const held = await second.heldOut!();
  t.same(rowsOf(held), [[Math.round(((5 - mean) / scale) * 1000) / 1000]]);
  t.same([...held.labels!], [1]);

  const data = await csv({ file: table, columns: ["x"], testShare: 0.5, splitSeed: 3 });
  const test = await data.heldOut!();
  t.same([data.size, test.size], [2, 2]);
  t.same(
    rowsOf(data).map(([x]) => x),
    [-1, 1],
    "mean 0 and deviation 1 over the rows to train with, whatever those held out are",
  );
  t.same(test.columns, data.columns);
});

t.test("standardisedBy() takes the statistics of the given rows alone, also of a subset's", async (t) => {
  const data = await csv({ file: file("c.csv", "x\n0\n2\n100\n7\n"), testShare: 0.25, splitSeed: 1 });
  const again = data.standardisedBy!([0, 2]);
  t.same(
    rowsOf(subset(again, Int32Array.of(0, 2))).map(([x]) => Math.abs(x!)),
    [1, 1],
  );
  t.same((await again.heldOut!()).columns, again.columns);
  const part = subset(data, Int32Array.of(2, 0));
  t.same(part.standardisedBy!([0, 1]).columns, again.columns, "indices are those of the subset");
  const plain = await csv({ file: file("d.csv", "x\n0\n2\n"), standardise: false });
  t.same(rowsOf(plain), [[0], [2]]);
  t.equal(plain.standardisedBy, undefined);
});

t.test("csv() names what it cannot use", async (t) => {
  const bad = file("bad.csv", "x,y\n1,2\nn/a,3\n4,\n5,6\n");
  await rejects(
    t,
    csv({ file: bad }),
    /row 2 \(line 3\): column "x": expected a number, found "n\/a"; row 3 \(line 4\): column "y": expected a number, found nothing/,
  );
  t.same((await csv({ file: bad, badRows: "skip" })).size, 2);
  await rejects(t, csv({ file: file("all.csv", "x\n1e999\n"), badRows: "skip" }), /no row is left/);
  const table = file("machines.csv", MACHINES);
  await rejects(
    t,
    csv({ file: table }),
    /column "colour" holds text \(row 1 \(line 2\): "red"\)\. List it under oneHot/,
  );
  await rejects(
    t,
    csv({ file: table, columns: ["temprature"] }),
    /unknown column "temprature"; did you mean "temperature"\?/,
  );
  await rejects(t, csv({ file: table, columns: ["pressure"], oneHot: ["colour"] }), /oneHot names "colour"/);
  await rejects(t, csv({ file: file("ragged.csv", "x,y\n1,2\n3\n") }), /line 3/);
  await rejects(t, csv({ file: join(folder, "none.csv") }), /there is no such file/);
  await rejects(t, csv({ file: file("empty.csv", "x\n") }), /there are no rows/);
  await rejects(t, csv({ file: file("twice.csv", "x,x\n1,2\n") }), /two columns are called "x"/);
  await rejects(t, csv({ file: table, test: table, testShare: 0.1 }), /give one of them/);
  await rejects(
    t,
    csv({ file: file("few.csv", "c\nred\n"), oneHot: ["c"], test: file("new.csv", "c\nblue\n") }),
    /new\.csv: row 1 \(line 2\): column "c": expected one of "red", found "blue"/,
  );
});

t.test("csv() tells what is probably meant", async (t) => {
  const semicolons = file("semicolons.csv", "x;y\n1;2\n");
  await rejects(
    t,
    csv({ file: semicolons }),
    /one column\. Its first line has no ",", but has ";": give delimiter: ";"/,
  );
  await rejects(t, csv({ file: file("commas.csv", "x;y\n1,5;2\n") }), /give delimiter: ";"/);
  await rejects(t, csv({ file: file("tabs.csv", "x\ty\n1\t2\n") }), /give delimiter: "\\t"/);
  await rejects(
    t,
    csv({ file: file("decimal.csv", 'x\n2\n1\n"1,5"\n') }),
    /found "1,5": write a decimal point/,
  );
  await rejects(
    t,
    csv({ file: file("huge.csv", "x\n1\n1e300\n") }),
    /found "1e300", which is beyond the range of float32, 3\.4e38/,
  );
  await rejects(
    t,
    csv({ file: file("bare.csv", "1.5,2\n3,4\n") }),
    /first row holds numbers .*: give header: false/,
  );
  t.equal((await csv({ file: file("numbered.csv", "0,1\n3,4\n") })).size, 1, "names as pandas gives them");
  const index = file("index.csv", ",x\n0,1\n1,2\n");
  t.same((await csv({ file: index, except: [""] })).shape, [1]);
  await rejects(t, csv({ file: index }), /column 1 has no name, as an index of pandas/);
  t.same((await csv({ file: index, columns: ["x"] })).shape, [1]);
});

t.test("csv() tells what to do with a column of dates, or of too many texts", async (t) => {
  const days = ["2024-03-01", "1.3.2024", "3/1/24", "2024-03-02T08:00:00Z"];
  const table = file("days.csv", `day,x\n${days.map((day, i) => `${day},${i}`).join("\n")}\n`);
  await rejects(
    t,
    csv({ file: table }),
    /column "day" holds dates \(row 1 \(line 2\): "2024-03-01"\)\. Leave it out, except: \["day"\], or write them/,
  );
  const data = await csv({ file: table, except: ["day"] });
  t.same(
    data.columns!.map(({ name }) => name),
    ["x"],
  );
  const names = Array.from({ length: 101 }, (_, i) => `part ${i},${i}`);
  const many = file("many.csv", `part,x\n${names.join("\n")}\n`);
  await rejects(t, csv({ file: many }), /"part 0"\), 101 different ones\. Leave it out, except: \["part"\]$/);
  await rejects(t, csv({ file: many, except: ["prt"] }), /unknown column "prt"; did you mean "part"\?/);
  await rejects(t, csv({ file: many, except: ["part"], columns: ["x"] }), /give one of them/);
});

t.test("csv() reads whole numbers of classes by the table's decimal mark", async (t) => {
  const classes = async (mark: "." | ",") => {
    const table = file(`classes${mark}csv.csv`, `x;kind\n1;2${mark}0\n3;5${mark}0\n`);
    return (await csv({ file: table, delimiter: ";", decimal: mark, labels: "kind" })).labels;
  };
  t.same([...(await classes("."))!], [2, 5]);
  t.same([...(await classes(","))!], [2, 5]);
});

t.test("csv() reads decimal commas where it is told to, and no points that part thousands", async (t) => {
  const table = file("comma.csv", 'x;kind\n1,5;a,b\n-2;"c"\n,25;c\n1,5e1;c\n');
  const data = await csv({
    ...{ file: table, delimiter: ";", decimal: ",", oneHot: ["kind"], standardise: false },
  });
  t.same(rowsOf(data), [
    [1.5, 1, 0],
    [-2, 0, 1],
    [0.25, 0, 1],
    [15, 0, 1],
  ]);
  t.equal(data.columns![1]!.category, "a,b", "a category keeps its comma");
  const commas = { file: table, delimiter: ";", oneHot: ["kind"] };
  await rejects(
    t,
    csv(commas),
    /row 1 \(line 2\): column "x": expected a number, found "1,5": write a decimal point, or give decimal: ","/,
  );
  const points = file("points.csv", "x\n1.234\n5\n");
  await rejects(
    t,
    csv({ file: points, decimal: "," }),
    /found "1\.234": write a decimal comma, or give decimal: "\."/,
  );
});

t.test("names of columns may hold other delimiters, quotes and line ends", async (t) => {
  const head = '"Temperature, °C";"""p"" in bar, abs.";"speed\nrpm"';
  const table = file("quoted.csv", `${head}\n1;2;3\n4;5;6\n`);
  await rejects(t, csv({ file: table }), /give delimiter: ";"/);
  const data = await csv({ file: table, delimiter: ";" });
  t.same(
    data.columns!.map(({ name }) => name),
    ["Temperature, °C", '"p" in bar, abs.', "speed\nrpm"],
  );
  const tabs = file("tabs.csv", "x\ty\n1\t2\n");
  t.same((await csv({ file: tabs, delimiter: "\\t" })).shape, [2], "as YAML has it without quotes");
});

t.test("a column that never changes is only shifted, whatever its sum is rounded to", async (t) => {
  const rows = Array.from({ length: 241 }, (_, i) => `${i},7.1`);
  const { columns } = await csv({ file: file("constant.csv", `x,c\n${rows.join("\n")}\n`) });
  t.same(columns![1], { name: "c", mean: 7.1, scale: 1 });
});

t.test("arrays() standardises rows of numbers where it is asked to, by the rows to train with", async (t) => {
  const values = [
    [10, 1],
    [20, 1],
    [30, 1],
    [90, 1],
  ];
  const data = await arrays({ values, standardise: true });
  t.match(data.columns, [
    { name: "1", mean: 37.5 },
    { name: "2", mean: 1, scale: 1 },
  ]);
  const learn = data.standardisedBy!([0, 1, 2]);
  t.same(rowsOf(learn), [
    [-1.225, 0],
    [0, 0],
    [1.225, 0],
    [8.573, 0],
  ]);
  await rejects(t, arrays({ values, standardise: true, range: [0, 100] }), /without a range/);
  await rejects(t, arrays({ values: [[[1]]], standardise: true }), /rows of numbers .* \[1,1\]/);
});

t.test("csv() reads other delimiters, byte order marks and tables without a header", async (t) => {
  const data = await csv({
    file: file("e.csv", "\uFEFF1;2\n3;4\n"),
    delimiter: ";",
    header: false,
    standardise: false,
  });
  t.same(
    data.columns!.map(({ name }) => name),
    ["1", "2"],
  );
  t.same(rowsOf(data), [
    [1, 2],
    [3, 4],
  ]);
});

t.test("parquet() reads what csv() reads", async (t) => {
  const written = parquetWriteBuffer({
    columnData: [
      { name: "x", data: [1, 2, 4], type: "DOUBLE" },
      { name: "n", data: [1n, 2n, 3n], type: "INT64" },
      { name: "on", data: [true, false, true], type: "BOOLEAN" },
      { name: "kind", data: ["a", "b", "a"], type: "STRING" },
    ],
  });
  const path = file("a.parquet", new Uint8Array(written));
  const data = await parquet({ file: path, oneHot: ["kind"], standardise: false });
  t.same(rowsOf(data), [
    [1, 1, 1, 1, 0],
    [2, 2, 0, 0, 1],
    [4, 3, 1, 1, 0],
  ]);
  await rejects(t, parquet({ file: path }), /column "kind" holds text \(row 1: "a"\)/);
  const packed = parquetWriteBuffer({
    columnData: [{ name: "x", data: [1, 2, 3], type: "DOUBLE" }],
    ...{ codec: "ZSTD", compressors: { ZSTD: (bytes: Uint8Array) => bytes } },
  });
  const zstd = file("packed.parquet", new Uint8Array(packed));
  await rejects(
    t,
    parquet({ file: zstd }),
    /packed\.parquet: .*ZSTD\. Write it packed by Snappy, with pandas/,
  );
  await rejects(t, parquet({ file: file("broken.parquet", "PAR1, but no more") }), /broken\.parquet: /);
  await rejects(
    t,
    readParquet(new URL("file:///none.parquet"), () => Promise.reject(new Error())),
    /npm install hyparquet/,
  );
});

t.test("targets keep the columns, and refuse rows that are standardised otherwise", async (t) => {
  const [a, b] = await Promise.all([
    csv({ file: file("f.csv", "x,y\n1,0\n2,1\n"), labels: "y" }),
    csv({ file: file("g.csv", "x\n5\n9\n") }),
  ]);
  t.same(convolution({ data: a, noise: { normal: 1 } }).columns, a.columns);
  t.same(labelDifference({ data: a, pd: [0], pdBar: [0, 1] }).columns, a.columns);
  t.same(datasetDifference({ pd: a, pdBar: a }).columns, a.columns);
  t.throws(() => datasetDifference({ pd: a, pdBar: b }), /pd and pdBar have other columns/);
});

t.test("csv() takes UTF-8 alone, and says what a file seems to be", async (t) => {
  const text = "größe,b\n1,2\n3,4\n";
  const marked = await csv({ file: file("marked.csv", `\ufeff${text}`) });
  t.strictSame(
    marked.columns?.map(({ name }) => name),
    ["größe", "b"],
  );
  const latin = file("latin.csv", Buffer.from(text, "latin1"));
  await rejects(
    t,
    csv({ file: latin }),
    /latin\.csv:1: not valid UTF-8 \(byte 0xf6\): it seems to be Latin-1/,
  );
  const wide = file("wide.csv", Buffer.from(`\ufeff${text}`, "utf16le"));
  await rejects(t, csv({ file: wide }), /wide\.csv: it seems to be UTF-16 \(little endian\), not UTF-8/);
});
