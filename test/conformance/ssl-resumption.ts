/**
 * Trains a semi-supervised method as a run does, interrupts it, and compares what it does then with a training that was
 * left alone.
 *
 * @module
 */
import {
  type Application,
  type ApplicationEvent,
  DEFAULT_SENTINELS,
  type FiniteDataset,
  fromArrays,
  Key,
  Networks,
  Optimizers,
  openState,
  type RunContext,
  type Snapshot,
  Stores,
  sizeOf,
} from "../../core/mod.ts";
import { badGanSsl, type SslMethod, type SslProblem } from "../../plugins/semi-supervised/mod.ts";
import { spread } from "./spread.ts";
import type { Tester } from "./tester.ts";

/** Moments at which the training is interrupted, the first and the last among them. */
const INTERRUPTIONS = 4;
const key = Key.from("ssl-method resumption");

/** Checks that a training of the method goes on after an interruption as if there had been none, bit for bit. */
export async function checkSslResumption(t: Tester, method: SslMethod, problem: SslProblem): Promise<void> {
  const application = await applicationOf(method, problem);
  const whole = await sessionOf(application, problem);
  for (const moment of spread(whole.moments, INTERRUPTIONS)) {
    const first = await sessionOf(application, problem, { until: moment });
    const rest = await sessionOf(application, problem, { from: first.snapshot! });
    t.same(
      [...first.events, ...rest.events],
      whole.events,
      `interrupted at moment ${moment} of ${whole.moments}, a training goes on as if it had not been`,
    );
  }
}

/** A few iterations on random rows. */
async function applicationOf(method: SslMethod, problem: SslProblem): Promise<Application> {
  const { context, classifier, setting, m } = problem;
  const classes = classifier.outputShape[0]!;
  return badGanSsl({
    ...{ ...setting, method, m, labeled: 2 * classes, unlabeled: "rest", validation: classes },
    ...{ epochs: 2, iterations: 4, evaluateEvery: 1, averaging: 0.9, samples: 20 },
    initialize: { from: "unlabeled", rows: 20 },
    data: dataOf(problem, "data"),
    test: dataOf(problem, "test"),
    classifier: await context.create(Networks, { use: "mlp", hidden: [8, 6], activation: "leaky-relu" }),
    classifierOptimizer: await context.create(Optimizers, { use: "adam", learningRate: 0.01 }),
  });
}

function dataOf({ shape, range = [-1, 1], classifier }: SslProblem, name: string): FiniteDataset {
  const classes = classifier.outputShape[0]!;
  const size = 12 * classes;
  const [low, high] = range;
  const draw = key.fold(name).integers(size * sizeOf(shape), 1 << 16);
  const values = Float32Array.from(draw, (x) => low + ((high - low) * x) / (1 << 16));
  const labels = Uint8Array.from({ length: size }, (_, i) => i % classes);
  return fromArrays({ name, values, shape, labels, classes, range });
}

/** A part of a training, or all of it. */
interface Session {
  /** None of those that an earlier session has yielded. */
  readonly events: readonly ApplicationEvent[];
  readonly moments: number;
  readonly snapshot: Snapshot | undefined;
}

async function sessionOf(
  application: Application,
  { context }: SslProblem,
  { from, until }: { readonly from?: Snapshot; readonly until?: number } = {},
): Promise<Session> {
  const stop = new AbortController();
  const reason = new Error("interrupted by the check");
  const events: ApplicationEvent[] = [];
  let [moments, snapshot]: [number, Snapshot | undefined] = [0, undefined];
  const { root, caughtUp } = openState({
    from,
    signal: stop.signal,
    due: () => false,
    save: async (taken) => {
      snapshot = taken;
    },
    pause: () => {
      if (++moments === until) stop.abort(reason);
      return undefined;
    },
  });
  const given: RunContext = {
    ...context,
    ...{ key: key.fold("run"), signal: stop.signal, state: root, sentinels: DEFAULT_SENTINELS },
    store: await context.create(Stores, "memory"),
    artifact: async (path, title, data) => ({
      ...{ type: "artifact", path: `artifacts/${path}`, title, bytes: data.length, sha256: "" },
    }),
  };
  try {
    for await (const event of application.run(given)) if (caughtUp()) events.push(event);
  } catch (error) {
    if (error !== reason) throw error;
  }
  return { events, moments, snapshot };
}
