/**
 * Copies of runs, from one store to another of whatever kind.
 *
 * @module
 */
import { InputError } from "../plugin/errors.ts";
import { RUN_FILES, type RunReader, type Store } from "../run/store.ts";

/** Events that are read at a time. */
const PAGE = 1000;

/**
 * Copies a run that nobody writes: its events, its files, and when it began. The copy can be resumed, sampled and copied as
 * the run itself.
 * @param id of the copy
 * @returns where the copy is
 * @throws InputError where there is no such run or a process is writing it, RunExists where there is a run of that id;
 *   where the copy cannot be finished, nothing of it is left
 */
export async function copyRun(from: Store, run: string, to: Store, id: string = run): Promise<string> {
  const { scenario, began, status } = await from.glance(run);
  const reader = await from.open(run);
  if (status === "running") throw beingWritten(run, await reader.owner());
  const { generation, last } = await reader.extent();
  const writer = await to.create(scenario, { id, began });
  try {
    for (let since = 0; since < last; ) {
      const events = await reader.events(since, PAGE);
      if (events.length === 0) break;
      if (writer.appendAll !== undefined) await writer.appendAll(events);
      else await Promise.all(events.map((event) => writer.append(event)));
      since = events.at(-1)!.seq;
    }
    // The result last: until then nobody takes the copy for a run that has ended.
    const paths = (await reader.files("")).filter((path) => path !== RUN_FILES.events);
    const isResult = (path: string): number => Number(path === RUN_FILES.result);
    for (const path of paths.toSorted((a, b) => isResult(a) - isResult(b))) {
      await writer.write(path, await reader.read(path));
    }
    const now = await reader.extent();
    const owner = await reader.owner();
    if (owner !== undefined || now.generation !== generation || now.last !== last)
      throw beingWritten(run, owner);
    await writer.close();
    return writer.location;
  } catch (error) {
    await writer.close().catch(() => {});
    await to.remove(id, { force: true }).catch(() => {});
    throw error;
  }
}

function beingWritten(run: string, owner: Awaited<ReturnType<RunReader["owner"]>>): InputError {
  const by = owner === undefined ? "" : ` by process ${owner.pid} on ${owner.host}`;
  return new InputError(`run ${run} is being written${by}: stop it first`);
}
