/**
 * Earlier runs, whose trained networks a scenario goes on from.
 *
 * @module
 */
import { z } from "zod";
import { contextOf } from "../plugin/context.ts";
import { InputError } from "../plugin/errors.ts";
import { path } from "../plugin/path.ts";
import type { RunContext } from "../run/application.ts";
import { storeAt } from "../run/location.ts";
import { glancesOf, type Store } from "../run/store.ts";
import { openTrained, type Trained } from "./trained-run.ts";

/** How a scenario names an earlier run. */
export interface EarlierRun {
  /** Its id; `latest`: the newest; or the newest of a scenario. */
  readonly run: string | { readonly scenario: string };
  /** Where it is kept, see `storeAt`; in the store of the present run unless given. */
  readonly runs?: string | undefined;
}

/** The members of an options schema that name an {@link EarlierRun}. */
export function earlierRunShape() {
  return {
    run: z
      .union([
        z.string().min(1),
        z.strictObject({ scenario: z.string().min(1).describe("Name of the scenario: its newest run.") }),
      ])
      .describe(
        "Id of the run (`dsgan list runs` shows them), `latest`, or `{ scenario: <name> }`: the newest, or the newest of " +
          "that scenario, of the runs that began before this one.",
      ),
    runs: path()
      .optional()
      .describe(
        "Where it is kept: a folder, from where the command runs, or the URL of a store; where this run is kept unless " +
          "given. In a scenario that is posted to a server, `runs` is where the server keeps them.",
      ),
  };
}

/** What of a run's context finds earlier ones. */
export type EarlierContext = Pick<RunContext, "store" | "registry" | "locate"> & Pick<RunContext, "run">;

/**
 * Opens what an earlier run has trained. Plugins that it needs must be among the present scenario's.
 * @throws InputError where there is no such run, or it has no checkpoint
 */
export async function openEarlier({ run, runs }: EarlierRun, context: EarlierContext): Promise<Trained> {
  const here = contextOf(context.registry, context.locate("."));
  const store = runs === undefined ? context.store : await storeAt(runs, here);
  const id = typeof run === "string" && run !== "latest" ? run : await newest(run, store, context.run);
  const loaded = { registry: context.registry, base: context.locate(".") };
  return await openTrained(await store.open(id), loaded);
}

/**
 * The newest run, of a scenario or of all. Only those that began before the present one count, so that it finds the same
 * when it is resumed.
 */
async function newest(wanted: EarlierRun["run"], store: Store, present: string | undefined): Promise<string> {
  const ids = await store.list();
  const earlier = ids.slice(present === undefined ? 0 : ids.indexOf(present) + 1);
  if (typeof wanted === "string") {
    if (earlier[0] !== undefined) return earlier[0];
    throw new InputError("run: latest: no run began before this one");
  }
  for await (const { run, scenario } of glancesOf(store, earlier)) {
    if (scenario === wanted.scenario) return run;
  }
  throw new InputError(
    `run: { scenario: ${wanted.scenario} }: no run of that scenario began before this one; ` +
      "`dsgan list runs` shows those there are",
  );
}
