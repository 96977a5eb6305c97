/**
 * The engine `auto`: of the registered engines that start, the one that is worth most on the machine at hand.
 *
 * @module
 */
import { component, type Engine, Engines, messageOf, RunError } from "../../../core/mod.ts";

/** An engine that may be taken, and its merit as far as it is known. */
interface Candidate {
  readonly engine: Engine;
  readonly merit: number;
  /** Whether its merit may turn out to be less. */
  readonly unseen: boolean;
}

/**
 * Tries engines from the highest merit down. One that depends on a device looks for it when its turn comes, and is put
 * back behind those that are worth more without it.
 * @param engines those to choose from
 * @returns an engine whose `start` throws a RunError saying why each of them does not work, where none does
 * @example
 * ```ts
 * import { auto, cpu, onnxruntime } from "dsgan/engines";
 *
 * const { name, reason } = await auto([cpu(), onnxruntime()]).start();
 * console.log(name, reason); // onnxruntime, chosen by auto as the fastest that works here
 * ```
 */
export function auto(engines: readonly Engine[]): Engine {
  let chosen: Engine | undefined;
  return {
    name: "auto",
    merit: -1,
    async start() {
      const passedOver = new Map<Engine, string>();
      let waiting: Candidate[] = engines.map((engine) => ({
        engine,
        merit: engine.merit,
        unseen: engine.look !== undefined,
      }));
      const notes = (): string[] => [...passedOver].map(([{ name }, because]) => `${name}: ${because}`);
      for (;;) {
        waiting = waiting.filter(({ merit }) => merit >= 0).sort((a, b) => b.merit - a.merit);
        const best = waiting.shift();
        if (best === undefined)
          throw new RunError(`no engine works here: ${notes().join("; ") || "none is registered"}`);
        const { engine, unseen } = best;
        try {
          if (unseen) {
            const { merit, because } = await engine.look!();
            passedOver.set(engine, because);
            waiting.unshift({ engine, merit: Math.min(merit, engine.merit), unseen: false });
          } else {
            const info = await engine.start();
            chosen = engine;
            const found = passedOver.get(engine);
            passedOver.delete(engine);
            const why = `chosen by auto as the fastest that works here${found ? ` (${found})` : ""}`;
            return { ...info, reason: [why, ...notes()].join("; ") };
          }
        } catch (error) {
          passedOver.set(engine, messageOf(error));
        }
      }
    },
    broken: async () => await chosen?.broken?.(),
  };
}

/** Engines with options that are worth a try beside those with none. */
const VARIANTS = [{ use: "onnxruntime", provider: "webgpu" }];

/** A scenario names it `engine: auto`, or no engine at all. */
export default component(Engines, {
  name: "auto",
  summary: "The fastest engine that works here (default)",
  async create(_, context) {
    const others = context.all(Engines).filter(({ name }) => name !== "auto");
    const variants = VARIANTS.filter(({ use }) => others.some(({ name }) => name === use));
    const refs = [...others.map(({ name }) => ({ use: name })), ...variants];
    return auto(await Promise.all(refs.map((ref) => context.create(Engines, ref))));
  },
});
