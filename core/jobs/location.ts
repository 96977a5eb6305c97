/**
 * Where jobs are kept, in one word: a URL whose scheme says which queue keeps them.
 *
 * @module
 */
import type { Context } from "../plugin/component.ts";
import { InputError } from "../plugin/errors.ts";
import { withoutSecrets } from "../plugin/secrets.ts";
import { schemeOf } from "../run/location.ts";
import { type Jobs, Queues } from "./jobs.ts";

/** Whether there is a queue for the scheme of a location. */
export function keepsJobs(location: string, context: Pick<Context, "all">): boolean {
  const scheme = schemeOf(location);
  return context.all(Queues).some(({ location: own }) => own?.schemes.includes(scheme));
}

/**
 * Opens the queue of a location.
 * @param location such as `postgres://host/database`
 * @param context knows the queues that there are
 * @throws InputError where no queue has locations of that scheme, listing those there are, and as the queue does
 */
export async function queueAt(location: string, context: Pick<Context, "all" | "create">): Promise<Jobs> {
  const scheme = schemeOf(location);
  const queues = context.all(Queues);
  for (const { name, location: own } of queues) {
    if (own?.schemes.includes(scheme))
      return await context.create(Queues, { use: name, ...own.options(location) });
  }
  const there = queues.flatMap(({ location: own }) => own?.schemes.map((one) => `${one}://…`) ?? []);
  throw new InputError(
    `${JSON.stringify(withoutSecrets(location))} keeps no jobs that other processes see. Queues are at ` +
      `${there.join(", ")}; a plugin with another is named with --plugin`,
  );
}
