import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import test from "node:test";
import { refsOf } from "dsgan";
import { checkApplication, checkOptions, contextFor, runScenario, tester } from "dsgan/testing";
import plugin from "../src/pu-learning.ts";

const application =
  "{ use: pu-learning, data: { use: moons, size: 100 }, positive: [0], prior: 0.4, labelled: 20, unlabelled: 50, steps: 2, " +
  "classifierSteps: 2, m: 8, k: 1, latent: { size: 2 }, generator: { use: mlp, hidden: [4] }, " +
  "critic: { use: mlp, hidden: [4] }, classifier: { use: mlp, hidden: [4] }, compare: [nnpu] }";

test("pu-learning keeps the contract of applications", async (t) => {
  await checkApplication(tester(t), {
    plugin,
    scenario: `{ engine: cpu, application: ${application} }`,
    interruptions: 4,
  });
});

test("every option of pu-learning is described", async (t) => {
  const { registry } = await contextFor(plugin);
  checkOptions(tester(t), plugin, refsOf(registry));
});

test("scenario.yaml runs", async () => {
  const file = new URL("../scenario.yaml", import.meta.url);
  const { result } = await runScenario(await readFile(file, "utf8"), {
    base: file,
    overrides: [{ path: "engine", value: "cpu" }],
  });
  assert.equal(result.status, "passed", result.error?.message);
});
