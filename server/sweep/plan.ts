/**
 * What can be told of a sweep before anything has run.
 *
 * @module
 */
import { type Decision, decide, type LoadedSweep } from "../../core/mod.ts";

/**
 * All that a sweep begins, were there room for all of it; of a search that learns from scores, what it begins before
 * there is any.
 */
export async function planOf(loaded: LoadedSweep): Promise<Decision> {
  const { sweep, search } = loaded;
  const { atOnce, ...limits } = sweep.limits;
  if (search.learns) return await decide(loaded, [], { room: atOnce ?? sweep.seeds.length });
  return await decide({ ...loaded, sweep: { ...sweep, limits } }, []);
}

/** How many jobs a sweep has in all; undefined where that depends on scores. */
export async function totalOf(loaded: LoadedSweep): Promise<number | undefined> {
  const { learns, rungs } = loaded.search;
  return learns || rungs !== undefined ? undefined : (await planOf(loaded)).put.length;
}
