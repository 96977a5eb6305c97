/**
 * The template of a search.
 *
 * @module
 */
import { shortTraining, type Template } from "./template.ts";

export const search: Template = {
  contract: "Searches",
  what: "a search",
  source: `/**
 * Chooses what a sweep tries: here combinations drawn at random. A search keeps nothing between two questions: the same
 * history and key give the same answer.
 *
 * @module
 */
import { canonical, component, drawn, Searches, z } from "dsgan";

export default component(Searches, {
  name: "NAME",
  summary: "Combinations drawn at random",
  options: z.strictObject({
    trials: z.int().positive().default(20).describe("Combinations to try."),
    seed: z.int().default(0).describe("Root of the search's randomness."),
  }),
  create: ({ trials: most, seed }) => ({
    name: "NAME",
    seed,
    next({ space, trials }, key) {
      if (trials.length >= most) return undefined;
      const tried = new Set(trials.map(({ settings }) => canonical(settings)));
      for (const settings of drawn(space, key)) if (!tried.has(canonical(settings))) return { start: settings };
      return undefined; // none is left
    },
  }),
});
`,
  application: shortTraining(),
  imports: { testing: ["checkSearch"], dsgan: [] },
  check: `const search = await context.create(Searches, "NAME");
  await checkSearch(tester(t), () => search);`,
};
