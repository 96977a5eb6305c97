/**
 * What a store keeps of a run, gathered for its report. Every part may be missing: a run may have broken, may have
 * been stopped, may still go on.
 *
 * @module
 */
import { parse } from "yaml";
import {
  type EventTypes,
  type ExpectationResult,
  InputError,
  type Numbers,
  RUN_FILES,
  type RunEvent,
  type RunReader,
  type RunStatus,
} from "../../core/mod.ts";

/** A stage of a run. */
export interface Stage {
  readonly name: string;
  /** Seconds after the run's first event. */
  readonly from: number;
  readonly to: number;
  /** How far it came, where it said so. */
  readonly done: number | undefined;
  readonly steps: number | undefined;
}

/** A line of numbers over the steps of a stage. */
export interface Curve {
  readonly stage: string;
  readonly name: string;
  readonly x: number[];
  readonly y: number[];
}

/** A run as its report shows it. */
export interface RunRecord {
  readonly id: string;
  /** `unfinished` where it goes on, or ended without a word. */
  readonly status: RunStatus | "unfinished";
  readonly started: RunEvent<"started"> | undefined;
  readonly seconds: number | undefined;
  readonly error: { readonly kind?: "input" | "run"; readonly message: string } | undefined;
  readonly warnings: readonly string[];
  readonly expectations: readonly ExpectationResult[];
  readonly metrics: Numbers;
  /** Files kept, each once, as last written. */
  readonly artifacts: readonly EventTypes["artifact"][];
  readonly stages: readonly Stage[];
  readonly curves: readonly Curve[];
  /** The resolved scenario, as text. */
  readonly scenario: string | undefined;
  readonly description: string | undefined;
  readonly alpha: number | undefined;
  readonly environment: unknown;
}

/** Gathers a run. @throws InputError where its events are damaged */
export async function gather(reader: RunReader): Promise<RunRecord> {
  const events = await reader.events();
  const result = await reader.result();
  const scenario = await text(reader, RUN_FILES.scenario);
  const environment = await text(reader, RUN_FILES.environment);
  const ended = of(events, "ended").at(-1);
  const given = attempt(() => parse(scenario ?? "")) as Described | undefined;
  const alpha = given?.application?.target?.alpha;
  return {
    id: reader.id,
    status: result?.status ?? ended?.status ?? "unfinished",
    started: of(events, "started")[0],
    seconds: result?.seconds ?? ended?.seconds,
    error: result?.error ?? (ended?.error === undefined ? undefined : { message: ended.error }),
    warnings: of(events, "warning").map((event) => event.message),
    expectations: result?.expectations ?? of(events, "expectation"),
    metrics: result?.metrics ?? Object.assign({}, ...of(events, "metrics").map((event) => event.values)),
    artifacts: [...new Map(of(events, "artifact").map((event) => [event.path, event])).values()],
    stages: stagesOf(events),
    curves: curvesOf(of(events, "progress")),
    scenario,
    description: typeof given?.description === "string" ? given.description : undefined,
    alpha: typeof alpha === "number" ? alpha : undefined,
    environment: attempt(() => JSON.parse(environment ?? "null")) ?? undefined,
  };
}

/** What is looked for in a scenario; that it is there at all is not known. */
interface Described {
  readonly description?: unknown;
  readonly application?: { readonly target?: { readonly alpha?: unknown } };
}

async function text(reader: RunReader, path: string): Promise<string | undefined> {
  try {
    return new TextDecoder().decode(await reader.read(path));
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

function attempt(read: () => unknown): unknown {
  try {
    return read();
  } catch {
    return undefined; // a file someone edited does not keep the rest from being shown
  }
}

function of<T extends keyof EventTypes>(events: readonly RunEvent[], type: T): RunEvent<T>[] {
  return events.filter((event) => event.type === type) as unknown as RunEvent<T>[];
}

/** A stage lasts until the next begins, or the last event. */
function stagesOf(events: readonly RunEvent[]): Stage[] {
  const seconds = (event: RunEvent | undefined): number =>
    event === undefined ? 0 : (Date.parse(event.time) - Date.parse(events[0]!.time)) / 1000;
  const begun = of(events, "stage");
  return begun.map((event, i): Stage => {
    const next = begun[i + 1] ?? events.at(-1)!;
    const within = events.filter(({ seq }) => seq > event.seq && seq <= next.seq);
    const last = of(within, "progress")
      .filter(({ stage }) => stage === event.stage)
      .at(-1);
    return {
      name: event.stage,
      from: seconds(event),
      to: seconds(next),
      done: last?.step,
      steps: event.steps ?? last?.steps,
    };
  });
}

function curvesOf(progress: readonly RunEvent<"progress">[]): Curve[] {
  const curves = new Map<string, Curve>();
  for (const { stage, step, values = {} } of progress) {
    for (const [name, value] of Object.entries(values)) {
      const key = JSON.stringify([stage, name]);
      const curve = curves.get(key) ?? { stage, name, x: [], y: [] };
      curves.set(key, curve);
      curve.x.push(step);
      curve.y.push(value);
    }
  }
  return [...curves.values()];
}
