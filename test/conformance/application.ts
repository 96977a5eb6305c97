/**
 * What every application must do: yield its own events alone, give the same numbers each time, and go on after an
 * interruption, wherever that comes, as if there had been none.
 *
 * @module
 */
import { lastValueFrom, tap, toArray } from "rxjs";
import {
  contextOf,
  isOfApplication,
  type LoadedScenario,
  type RunEvent,
  type RunResult,
  run,
  type Store,
  Stores,
} from "../../core/mod.ts";
import { loadUnderTest, type UnderTest } from "./context.ts";
import { spread } from "./spread.ts";
import type { Tester } from "./tester.ts";

/** How an application is checked. */
export interface ApplicationCheck extends UnderTest {
  /** A scenario that runs it in a second or two: it is run once for each interruption. */
  readonly scenario: string;
  /** Moments at which it is interrupted, spread over all that there are; 12 unless given. */
  readonly interruptions?: number;
}

/** One run, as far as it came. */
interface Trial {
  readonly store: Store;
  readonly events: readonly RunEvent[];
  readonly result: RunResult;
}

/**
 * Checks an application by a scenario: interrupts it at moments it settles at, resumes it, and compares metrics and
 * events with those of a run that was left alone, bit for bit.
 */
export async function checkApplication(t: Tester, check: ApplicationCheck): Promise<void> {
  const { scenario, interruptions = 12, overrides = [] } = check;
  const everyMoment = { path: "checkpoint", value: "{ seconds: 1e9, steps: 1, keep: 2 }" };
  const loaded = await loadUnderTest(scenario, { ...check, overrides: [...overrides, everyMoment] });
  const name = loaded.scenario.application.use;
  const whole = await trialOf(loaded);
  t.equal(whole.result.status, "passed", `${name} runs to its end: ${whole.result.error?.message ?? ""}`);
  const wanted = told(whole.events);
  t.ok(
    wanted.some(({ type }) => type === "metrics"),
    `${name} yields metrics, which expectations are compared with`,
  );
  const again = await trialOf(loaded);
  t.same(
    again.result.metrics,
    whole.result.metrics,
    `${name} is a function of its key: the same metrics again`,
  );
  t.same(told(again.events), wanted, `${name} is a function of its key: the same events again`);

  const moments = whole.events.filter(({ type }) => type === "checkpoint").length;
  t.ok(moments > 0, `${name} settles: without a moment between two steps it cannot be resumed`);
  for (const moment of spread(moments, interruptions)) {
    await t.test(
      `interrupted at moment ${moment} of ${moments}, ${name} goes on as if it had not been`,
      async (t) => {
        const { store, result, events } = await trialOf(loaded, moment);
        t.equal(result.status, "cancelled", `it was interrupted: ${result.error?.message ?? ""}`);
        const rest = await trialOf(loaded, undefined, { store, resume: result.run });
        t.equal(rest.result.status, "passed", `it can be resumed: ${rest.result.error?.message ?? ""}`);
        t.same(rest.result.metrics, whole.result.metrics, "the same metrics");
        t.same([...told(events), ...told(rest.events)], wanted, "the same events, none twice");
      },
    );
  }
}

/** What the application itself said, without when. */
function told(events: readonly RunEvent[]): { readonly type: string }[] {
  return events.filter(isOfApplication).map(({ seq: _, time: __, ...body }) => body);
}

/** Runs to the end, or until a checkpoint of that number is written. */
async function trialOf(
  loaded: LoadedScenario,
  until?: number,
  past?: { readonly store: Store; readonly resume: string },
): Promise<Trial> {
  const store = past?.store ?? (await contextOf(loaded.registry, loaded.base).create(Stores, "memory"));
  const stop = new AbortController();
  let written = 0;
  const events = await lastValueFrom(
    run(loaded, { store, signal: stop.signal, ...(past && { resume: past.resume }) }).pipe(
      tap(({ type }) => {
        if (type === "checkpoint" && ++written === until) stop.abort(new Error("interrupted by the check"));
      }),
      toArray(),
    ),
  );
  const [id] = await store.list();
  const result = await (await store.open(id!)).result();
  if (result === undefined) throw new Error("the run has no result");
  return { store, events, result };
}
