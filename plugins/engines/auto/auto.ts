/**
 * The engine `auto`: the registered engine of the highest merit that starts.
 *
 * @module
 */
import {
  type Component,
  component,
  type Engine,
  Engines,
  messageOf,
  RunError,
  z,
} from "../../../core/mod.ts";

/**
 * Tries engines from the highest merit down.
 * @param engines those to choose from
 */
export function auto(engines: readonly Engine[]): Engine {
  return {
    name: "auto",
    merit: -1,
    async start() {
      const ranked = engines.filter((engine) => engine.merit >= 0).sort((a, b) => b.merit - a.merit);
      const passedOver: string[] = [];
      for (const engine of ranked) {
        try {
          const info = await engine.start();
          const reason = ["chosen by auto as the fastest that works here", ...passedOver].join("; ");
          return { ...info, reason };
        } catch (error) {
          passedOver.push(`${engine.name}: ${messageOf(error)}`);
        }
      }
      throw new RunError(`no engine works here: ${passedOver.join("; ") || "none is registered"}`);
    },
  };
}

/** How a scenario names it: `engine: auto`, or not at all. */
export const autoComponent: Component<Engine> = component({
  name: "auto",
  summary: "The fastest engine that works here (default)",
  options: () => z.strictObject({}),
  create: async (_, context) => {
    const others = context.all(Engines).filter(({ name }) => name !== "auto");
    return auto(await Promise.all(others.map(({ name }) => context.create(Engines, { use: name }))));
  },
});
