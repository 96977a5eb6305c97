/**
 * Earlier runs, whose trained networks a scenario goes on from.
 *
 * @module
 */
import { z } from "zod";
import { contextOf } from "../plugin/context.ts";
import { path } from "../plugin/path.ts";
import type { RunContext } from "../run/application.ts";
import { storeAt } from "../run/location.ts";
import { openTrained, type Trained } from "./trained-run.ts";

/** How a scenario names an earlier run. */
export interface EarlierRun {
  /** Its id. */
  readonly run: string;
  /** Where it is kept, see `storeAt`; in the store of the present run unless given. */
  readonly runs?: string | undefined;
}

/** The members of an options schema that name an {@link EarlierRun}. */
export function earlierRunShape() {
  return {
    run: z.string().min(1).describe("Id of the run: `dsgan list runs` shows them."),
    runs: path()
      .optional()
      .describe(
        "Where it is kept: a folder, from where the command runs, or the URL of a store; where this run is kept unless given.",
      ),
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
  const here = contextOf(context.registry, context.locate("."));
  const store = runs === undefined ? context.store : await storeAt(runs, here);
  const loaded = { registry: context.registry, base: context.locate(".") };
  return await openTrained(await store.open(run), loaded);
}
