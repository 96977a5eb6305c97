/** The example scenario from end to end: a model's file and a folder of PNGs in, AutoAttack's report out. */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { encode } from "fast-png";
import t from "tap";
import { Key } from "../../../core/mod.ts";
import { folder, written } from "./opening.ts";
import { type FileSpec, floats, type NodeSpec, onnxFile } from "./writer.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
copyFileSync(join(root, "scenarios/examples/onnx-robustness.yaml"), join(folder, "scenario.yaml"));

/** Dark images or bright ones, of 6 × 5 pixels. */
const MEANS = { bright: 0.53, dark: 0.47 };
for (const [name, mean] of Object.entries(MEANS)) {
  mkdirSync(join(folder, "images", name), { recursive: true });
  for (let i = 0; i < 6; i++) {
    const data = Uint8Array.from(
      Key.from(name)
        .fold(i)
        .uniformArray(90, mean - 0.1, mean + 0.1),
      (v) => 255 * v,
    );
    const png = encode({ width: 6, height: 5, channels: 3, depth: 8, data });
    writeFileSync(join(folder, "images", name, `${i}.png`), png);
  }
}

/** The mean of each channel after normalisation, against that of 1/2: logits of bright and dark. */
const nodes: readonly NodeSpec[] = [
  { op: "GlobalAveragePool", inputs: ["x"], outputs: ["g"] },
  { op: "Flatten", inputs: ["g"], outputs: ["f"] },
  { op: "Gemm", inputs: ["f", "w", "b"], outputs: ["z"] },
  { op: "Softmax", inputs: ["z"], attributes: { axis: 1 } },
];
const [mean, deviation] = [
  [0.485, 0.456, 0.406],
  [0.229, 0.224, 0.225],
];
const bias = mean.reduce((sum, m) => sum + (10 * m) / 3 - 10 / 6, 0);
const spec: FileSpec = {
  nodes,
  constants: {
    w: floats(
      [3, 2],
      deviation.flatMap((d) => [(10 * d) / 3, (-10 * d) / 3]),
    ),
    b: floats([2], [bias, -bias]),
  },
  inputs: { x: ["n", 3, 5, 6] },
};

function dsgan(...more: string[]) {
  const settings = [
    "application.n=12",
    "application.probes=false",
    "application.attacks=[{use: auto-attack, steps: 5, queries: 50}]",
  ];
  const args = [
    join(root, "server/cli/main.ts"),
    "run",
    "scenario.yaml",
    "--runs",
    "runs",
    "--set",
    "engine=cpu",
  ];
  const sets = settings.flatMap((setting) => ["--set", setting]);
  return spawnSync(process.execPath, [...args, ...sets, ...more], { cwd: folder, encoding: "utf8" });
}

t.test("a scenario of ten lines reports AutoAttack on an ONNX file and a folder of PNGs", (t) => {
  const lines = readFileSync(join(folder, "scenario.yaml"), "utf8").split("\n");
  t.ok(lines.filter((line) => line !== "" && !line.startsWith("#")).length <= 10);
  written("model.onnx", onnxFile(spec));
  const { status, stdout, stderr } = dsgan();
  t.equal(status, 0, stderr + stdout);
  const [run] = readdirSync(join(folder, "runs"));
  t.ok(readFileSync(join(folder, "runs", run!, "report.html"), "utf8").includes("auto-attack"));
  const { metrics } = JSON.parse(readFileSync(join(folder, "runs", run!, "result.json"), "utf8"));
  t.equal(metrics["model.clean"], 1);
  t.equal(metrics[`model.auto-attack-linf@${4 / 255}`], 1, "means are .03 from the boundary");
  const beyond = metrics[`model.auto-attack-linf@${8 / 255}`];
  t.ok(beyond < 0.8, `${beyond}: 8/255 is just beyond`);
  t.match(stdout, /model\.auto-attack-linf@8\/255 /, "the table has budgets as they were written");
  t.end();
});

t.test("an operator that is missing ends it with exit code 2", (t) => {
  const strange = nodes.map((node) =>
    node.op === "Flatten" ? { ...node, op: "NonZeroPlus", name: "odd" } : node,
  );
  written("model.onnx", onnxFile({ ...spec, nodes: strange }));
  const { status, stderr, stdout } = dsgan();
  t.equal(status, 2);
  t.match(stderr + stdout, /model\.onnx: has operators that aren't supported: NonZeroPlus \(node "odd"\)/);
  t.end();
});
