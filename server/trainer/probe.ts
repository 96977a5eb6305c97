/**
 * Finds out which engine a machine has, in a process of its own: engines take memory, and some can be started once.
 *
 * @module
 */
import { once } from "node:events";
import { type EngineInfo, RunError } from "../../core/mod.ts";
import { causeOfDeath, tailOf } from "./death.ts";
import { launch, TRAINER } from "./launch.ts";
import type { FromTrainer, ToTrainer } from "./protocol.ts";

/**
 * The engine that trainers of this process run on, unless a scenario names another.
 * @throws RunError where none works, or the process that looked for one died
 */
export async function probeEngine(): Promise<EngineInfo> {
  const child = launch(TRAINER, []);
  const tail = tailOf(child, process.stderr);
  let answer: FromTrainer | undefined;
  child.on("message", (message: FromTrainer) => {
    answer = message;
  });
  child.send({ kind: "probe" } satisfies ToTrainer, () => {}); // that it is gone is told by its exit
  const [code, signal] = await once(child, "exit");
  if (answer?.kind === "engine") return answer.engine;
  throw new RunError(answer?.kind === "error" ? answer.error.message : causeOfDeath(code, signal, tail()));
}
