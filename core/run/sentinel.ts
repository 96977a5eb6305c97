/**
 * Sentinels watch a training. They report when it goes wrong, and stop the run where the scenario says so.
 *
 * @module
 */
import { z } from "zod";
import { type Alarm, readingsOf } from "./event.ts";
import type { RunState } from "./state.ts";

/** What to do about an alarm: end the run as failed, report it and go on, or not look at all. */
export type SentinelAction = "stop" | "warn" | "off";

/** What to do about each kind of alarm. */
export interface SentinelPolicy {
  /** A loss or a weight that is NaN or infinite. */
  readonly notFinite: SentinelAction;
  /** A generator whose samples are all alike. */
  readonly collapse: SentinelAction;
  /** A critic's loss far beyond what was usual. */
  readonly runaway: SentinelAction;
}

const actions = z.enum(["stop", "warn", "off"]);

/** The schema of a {@link SentinelPolicy}, as scenarios have it. */
export const sentinelSchema: z.ZodType<SentinelPolicy> = z.strictObject({
  notFinite: actions.default("stop").describe("A loss or a weight that is NaN or infinite."),
  collapse: actions.default("warn").describe("A generator whose samples are all alike."),
  runaway: actions.default("warn").describe("A critic's loss far beyond what was usual."),
});

/** The policy of a scenario that names none. */
export const DEFAULT_SENTINELS: SentinelPolicy = { notFinite: "stop", collapse: "warn", runaway: "warn" };

/** pg has collapsed when its spread is below this fraction of pdBar's, twice in a row. */
const COLLAPSED = 0.02;
/** A loss runs away when it exceeds its usual size, and 1, so many times. */
const RUNAWAY = 1000;
/** The usual size is the lowest median of so many reports: a slow runaway would drag the latest median along. */
const USUAL = 50;

/** Watches one training. Each alarm is raised once, and again only after things were well in between. */
export interface Watch {
  /** @param values by name, e.g. `critic's loss`; NaN and infinities are what it looks for */
  finite(step: number, values: Readonly<Record<string, number>>): readonly Alarm[];
  /** @param loss the critic's */
  runaway(step: number, loss: number): readonly Alarm[];
  /** @param spread standard deviation of pg over that of pdBar, both over rows and averaged over what a row has */
  collapse(step: number, spread: number): readonly Alarm[];
}

/**
 * Starts a watch.
 * @param state remembers what was usual and which alarms have been raised
 */
export function watchOf(policy: SentinelPolicy, state: RunState): Watch {
  const raised = state.cell<Record<string, boolean>>("raised", {});
  const usual = state.cell<number[]>("usual", []);
  const lowest = state.cell<number | null>("lowest", null);
  const low = state.cell<number>("low", 0);

  const judge = (
    kind: keyof SentinelPolicy,
    bad: boolean,
    step: number,
    values: Readonly<Record<string, number>>,
    message: string,
  ): readonly Alarm[] => {
    const action = policy[kind];
    const before = raised.value[kind] ?? false;
    if (bad !== before) raised.value = { ...raised.value, [kind]: bad };
    if (!bad || before || action === "off") return [];
    return [{ kind, step, values: readingsOf(values), message, action }];
  };

  return {
    finite(step, values) {
      const bad = Object.entries(values).filter(([, value]) => !Number.isFinite(value));
      const which = bad.map(([name, value]) => `the ${name} is ${value}`).join(", ");
      return judge(
        "notFinite",
        bad.length > 0,
        step,
        Object.fromEntries(bad),
        `${which} at step ${step}: training has diverged. ` +
          `Lower the learning rate; a critic can be bounded as well, by a gradient penalty, clipping or spectralNorm`,
      );
    },
    runaway(step, loss) {
      if (!Number.isFinite(loss)) return []; // is another sentinel's
      const now = median(usual.value);
      if (usual.value.length === USUAL) lowest.value = Math.min(lowest.value ?? now, now);
      const typical = Math.max(1, lowest.value ?? now);
      const bad = usual.value.length > 0 && Math.abs(loss) > RUNAWAY * typical;
      if (!bad) usual.value = [...usual.value.slice(1 - USUAL), Math.abs(loss)];
      return judge(
        "runaway",
        bad,
        step,
        { criticLoss: loss, usual: typical },
        `the critic's loss is ${loss} at step ${step}, where ${typical} was usual: the critic runs away. ` +
          `Lower its learning rate, or bound it by a gradient penalty, clipping or spectralNorm`,
      );
    },
    collapse(step, spread) {
      low.value = spread < COLLAPSED ? low.value + 1 : 0;
      return judge(
        "collapse",
        low.value >= 2,
        step,
        { spread },
        `the generator's samples are all alike at step ${step}: their spread is ${spread} times that of pdBar. ` +
          `More critic steps (k), a wider z, or a Wasserstein objective may prevent the collapse`,
      );
    },
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
