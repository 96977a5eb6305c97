/**
 * Sentinels: what keeps watch over a training and says so when it goes wrong, whether the run is to stop then or not.
 *
 * @module
 */
import { z } from "zod";
import type { Alarm } from "./event.ts";
import type { RunState } from "./state.ts";

/** What to do about an alarm: end the run as failed, go on and say so, or not even look. */
export type SentinelAction = "stop" | "warn" | "off";

/** What each sentinel does. */
export interface SentinelPolicy {
  /** A loss or a weight that is NaN or infinite. */
  readonly notFinite: SentinelAction;
  /** A generator whose samples are all alike. */
  readonly collapse: SentinelAction;
  /** A critic's loss that has grown out of all proportion. */
  readonly runaway: SentinelAction;
}

const actions = z.enum(["stop", "warn", "off"]);

/** The schema of a {@link SentinelPolicy}, as scenarios have it. */
export const sentinelSchema: z.ZodType<SentinelPolicy> = z.strictObject({
  notFinite: actions.default("stop").describe("A loss or a weight that is NaN or infinite."),
  collapse: actions.default("warn").describe("A generator whose samples are all alike."),
  runaway: actions.default("warn").describe("A critic's loss out of all proportion."),
});

/** The policy of a scenario that says nothing of it. */
export const DEFAULT_SENTINELS: SentinelPolicy = { notFinite: "stop", collapse: "warn", runaway: "warn" };

/** pg has collapsed where its spread is less than this share of pdBar's, twice in a row. */
const COLLAPSED = 0.02;
/** A loss has run away where it is more than so many times what is usual for it, and than 1. */
const RUNAWAY = 1000;
/** Reports whose median is what is usual: the lowest that it has been, since a slow runaway would drag it along. */
const USUAL = 50;

/** Keeps watch over one training. Each alarm is raised once, and again only after things had been well. */
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
    return [{ kind, step, values: inJson(values), message, action }];
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
        `the generator's samples are all alike at step ${step}: their spread is ${spread} of pdBar's. ` +
          `More critic steps (k), a wider z, or a Wasserstein objective may keep it from collapsing`,
      );
    },
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

function inJson(values: Readonly<Record<string, number>>): Readonly<Record<string, number | string>> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, Number.isFinite(value) ? value : String(value)]),
  );
}
