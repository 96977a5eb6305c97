/**
 * The search `optuna`: Optuna's tree-structured Parzen estimator, in a Python process that is asked and told over JSON
 * lines.
 *
 * @module
 */
import {
  allows,
  canonical,
  component,
  type Domain,
  InputError,
  parseOptions,
  rounded,
  type Search,
  Searches,
  type SearchHistory,
  type Settings,
  type Space,
  z,
} from "../../../core/mod.ts";
import { budget } from "../options.ts";
import { nextDrawn } from "../random/random.ts";
import { type Child, startChild } from "./child.ts";

const options = z.strictObject({
  ...budget,
  startup: z.int().min(0).default(10).describe("Trials drawn at random before the estimator is used."),
});

/** Options of {@link optuna}. */
export type OptunaOptions = z.input<typeof options>;

/** Suggestions in a row that were tried or are excluded, after which a combination is drawn. */
const PATIENCE = 50;

/**
 * Asks Optuna what to try next. Each question brings the whole history and a seed, so that the answer is a function of
 * both; trials that run count as bad ones meanwhile (its `constant_liar`), so that the next is another. What Optuna suggests a
 * second time, or the sweep excludes, is told as failed, and it is asked again.
 * @throws InputError where an option is out of its range; from `next`, where Python or Optuna is missing, with the command
 *   that installs it
 */
export function optuna(given: OptunaOptions): Search {
  const { trials: most, seed, startup } = parseOptions("optuna", options, given);
  let child: Promise<Child> | undefined;
  const close = async (): Promise<void> => {
    const open = child;
    child = undefined;
    (await open?.catch(() => undefined))?.close();
  };
  return {
    name: "optuna",
    seed,
    learns: true,
    check({ goal }) {
      if (goal === undefined) {
        throw new InputError(
          "optuna looks for the best trial: name a goal, such as goal: { maximize: coverage }",
        );
      }
    },
    async next(history, key) {
      const { space, trials } = history;
      if (trials.length >= most) return undefined;
      try {
        child ??= startChild(process.env.DSGAN_PYTHON ?? "python3");
        const { ask } = await child;
        const own = key.fold("optuna", trials.length);
        const tried = new Set(trials.map(({ settings }) => canonical(settings)));
        let question: object = questionOf(history, startup, own.bits()());
        for (let i = 0; i < PATIENCE; i++) {
          const settings = settingsOf(space, (await ask(question)) as Answer);
          if (!tried.has(canonical(settings)) && allows(space, settings)) return { start: settings };
          question = { again: true };
        }
      } catch (error) {
        await close();
        throw error;
      }
      const start = nextDrawn(history, key);
      return start && { start };
    },
    close,
  };
}

/** Values by path: of a list, the index of one. */
interface Answer {
  readonly params: Readonly<Record<string, number>>;
}

function questionOf({ space, goal, trials }: SearchHistory, startup: number, seed: number): object {
  const domains = Object.fromEntries(
    Object.entries(space.domains).map(([path, domain]) => [
      path,
      domain.kind === "choices" ? { kind: "choices", size: domain.values.length } : domain,
    ]),
  );
  const told = trials.map(({ settings, state, scores }) => ({
    params: Object.fromEntries(
      Object.entries(settings).map(([path, value]) => [path, numberOf(space.domains[path]!, value)]),
    ),
    ...(state === "ended" && Number.isFinite(scores.at(-1))
      ? { state, score: scores.at(-1) }
      : { state: state === "running" || state === "paused" ? "running" : "failed" }),
  }));
  return { domains, direction: goal!.direction, trials: told, seed, startup };
}

function numberOf(domain: Domain, value: unknown): number {
  if (domain.kind === "range") return value as number;
  return domain.values.findIndex((choice) => canonical(choice) === canonical(value));
}

function settingsOf({ domains }: Space, { params }: Answer): Settings {
  return Object.fromEntries(
    Object.entries(domains).map(([path, domain]) => {
      const given = params[path]!;
      return [path, domain.kind === "choices" ? domain.values[given] : rounded(domain, given)];
    }),
  );
}

/** How a sweep names it: `search: { use: optuna, trials: 40 }`. */
export default component(Searches, {
  name: "optuna",
  summary: "Optuna's tree-structured Parzen estimator; needs Python with Optuna 4",
  reference: "Akiba et al., Optuna, KDD 2019 (arXiv:1907.10902)",
  options,
  create: optuna,
});
