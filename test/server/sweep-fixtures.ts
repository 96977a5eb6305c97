/** Sweeps for the tests of the HTTP app and of the page, written as a host and its trainers would. */
import type { EventBody, RunWriter, Store } from "../../core/mod.ts";

/** The id of every sweep here. */
export const SWEEP = "demo-sweep-0123456789ab";

/** Writes events, numbered and dated. */
export function telling(writer: RunWriter): (body: EventBody) => Promise<void> {
  let seq = 0;
  return async (body) => {
    seq++;
    await writer.append({ seq, time: new Date().toISOString(), ...body });
  };
}

/** A job of the sweep: learning rate and seed say which. */
export function jobOf(rate: number, seed: number) {
  const number = RATES.indexOf(rate);
  const trial = `demo-rate${rate}`;
  const run = `${trial}-seed${seed}`;
  const settings = { "application.optimizer.learningRate": rate };
  return { id: run, run, trial, number, settings, seed, rung: 0, overrides: [], retries: 3 };
}

export const RATES = [0.001, 0.01, 0.1];

/** A sweep that is being hosted. */
export async function hosted(store: Store) {
  const writer = await store.create("demo", { id: SWEEP });
  const tell = telling(writer);
  const text = [
    "scenario: smoke/ring",
    "description: Which rate?",
    "vary: { application.optimizer.learningRate: [0.001, 0.01, 0.1] }",
    "seeds: [0, 1]",
    "search: grid",
    "goal: { maximize: coverage }",
  ].join("\n");
  const scenario = { text: "name: ring", file: "ring.yaml", base: "file:///", name: "ring" };
  await writer.write("sweep.json", JSON.stringify({ text, file: "demo.yaml", base: "file:///", scenario }));
  const engine = { name: "", version: "", device: "", reason: "" };
  await tell({
    type: "started",
    ...{ run: SWEEP, scenario: "demo", application: "sweep", seed: 0, engine, location: "" },
  });
  let over = 0;
  return {
    writer,
    tell,
    put: (rate: number, seed: number) => tell({ type: "job", job: jobOf(rate, seed) }),
    async end(rate: number, seed: number, coverage: number) {
      const outcome = { kind: "ended", metrics: { coverage, outside: 1 - coverage } };
      await tell({ type: "job", job: jobOf(rate, seed), outcome });
      await tell({ type: "progress", stage: "jobs", step: ++over, steps: 6 });
    },
  };
}

/** A run of the sweep that a trainer is writing. */
export async function training(store: Store, rate: number, seed: number) {
  const { run, id } = jobOf(rate, seed);
  const writer = await store.create("demo", { id: run });
  const tell = telling(writer);
  await writer.write(
    "environment.json",
    JSON.stringify({
      job: `${id}-456789abcdef`,
      engine: { name: "onnxruntime" },
      cpu: { model: "a processor" },
    }),
  );
  await writer.write(
    "scenario.yaml",
    `name: demo\nseed: ${seed}\napplication: { use: generate, rate: ${rate} }\n`,
  );
  const engine = { name: "onnxruntime", version: "1", device: "cpu", reason: "" };
  await tell({
    type: "started",
    ...{ run, scenario: "demo", application: "generate", seed, engine, location: "" },
  });
  await tell({ type: "stage", stage: "train", steps: 100 });
  return {
    writer,
    tell,
    async steps(from: number, to: number) {
      for (let step = from; step <= to; step++) {
        const values = { criticLoss: rate * step + seed, generatorLoss: 1 / step };
        await tell({ type: "progress", stage: "train", step, steps: 100, values });
      }
    },
    async end(coverage: number) {
      const values = { coverage, outside: 1 - coverage };
      await tell({ type: "metrics", values });
      const result = {
        run,
        scenario: "demo",
        status: "passed",
        metrics: values,
        expectations: [],
        seconds: 2,
      };
      await writer.write("result.json", JSON.stringify(result));
      await tell({ type: "ended", status: "passed", seconds: 2 });
      await writer.close();
    },
  };
}
