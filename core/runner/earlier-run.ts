/**
 * Earlier runs, whose trained networks a scenario goes on from.
 *
 * @module
 */
import { z } from "zod";
import { InputError } from "../plugin/errors.ts";
import type { RunContext } from "../run/application.ts";
import type { Store } from "../run/store.ts";
import { openTrained, type Trained } from "./trained-run.ts";

/** How a scenario names an earlier run. */
export interface EarlierRun {
  /** Its id. */
  readonly run: string;
  /** Where it is stored, in the store's terms; in the store of the present run unless given. */
  readonly runs?: string | undefined;
}

/** The members of an options schema that name an {@link EarlierRun}. */
export function earlierRunShape() {
  return {
    run: z.string().min(1).describe("Id of the run: `dsgan list runs` shows them."),
    runs: z
      .string()
      .min(1)
      .optional()
      .describe("Folder of its runs, from where the command runs; that of this run unless given."),
  };
}

/**
 * Opens what an earlier run has trained. Plugins that it needs must be among the present scenario's.
 * @throws InputError where there is no such run, or it has no checkpoint
 */
export async function openEarlier(
  { run, runs }: EarlierRun,
  context: Pick<RunContext, "store" | "registry" | "locate">,
): Promise<Trained> {
  const store = runs === undefined ? context.store : elsewhere(context.store, runs);
  const loaded = { registry: context.registry, base: context.locate(".") };
  return await openTrained(await store.open(run), loaded);
}

function elsewhere(store: Store, location: string): Store {
  const other = store.elsewhere?.(location);
  if (other !== undefined) return other;
  throw new InputError(
    `the store "${store.name}" keeps all runs in one place: leave out "runs: ${location}", or choose another store`,
  );
}
