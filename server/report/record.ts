/**
 * Gathers what a store keeps of a run, for its report. Every part may be missing: a run may have broken, may have been
 * stopped, may still go on.
 *
 * @module
 */
import { parse } from "yaml";
import {
  type ExpectationResult,
  InputError,
  type Readings,
  RUN_FILES,
  type RunEvent,
  type RunReader,
  type RunStatus,
} from "../../core/mod.ts";
import { type Digest, newDigest } from "../events/digest.ts";
import type { ArtifactRecord } from "../events/records.ts";

/** A stage of a run. */
export interface Stage {
  readonly name: string;
  /** Seconds after the run's first event. */
  readonly from: number;
  readonly to: number;
  /** Steps that it made, where it reports steps. */
  readonly done: number | undefined;
  readonly steps: number | undefined;
}

/** A number over the steps of a stage. */
export interface Curve {
  readonly stage: string;
  readonly name: string;
  readonly x: readonly number[];
  readonly y: readonly number[];
}

/** A run as its report shows it. */
export interface RunRecord {
  readonly id: string;
  /** `unfinished` where the run still goes on, or was killed. */
  readonly status: RunStatus | "unfinished";
  readonly started: RunEvent<"started"> | undefined;
  readonly seconds: number | undefined;
  readonly error: { readonly kind?: "input" | "run"; readonly message: string } | undefined;
  readonly warnings: readonly string[];
  readonly expectations: readonly ExpectationResult[];
  readonly metrics: Readings;
  /** Each file once, as last written. */
  readonly artifacts: readonly ArtifactRecord[];
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
  const digest = newDigest();
  for await (const lines of reader.lines()) digest.add(lines);
  const { started, ended } = digest;
  const result = await reader.result();
  const scenario = await text(reader, RUN_FILES.scenario);
  const environment = await text(reader, RUN_FILES.environment);
  const given = attempt(() => parse(scenario ?? "")) as Described | undefined;
  const alpha = given?.application?.target?.alpha;
  return {
    id: reader.id,
    status: result?.status ?? ended?.status ?? "unfinished",
    started,
    seconds: result?.seconds ?? ended?.seconds,
    error: result?.error ?? (ended?.error === undefined ? undefined : { message: ended.error }),
    warnings: digest.warnings,
    expectations: result?.expectations ?? digest.expectations,
    metrics: result?.metrics ?? digest.metrics,
    artifacts: digest.artifacts,
    stages: stagesOf(digest),
    curves: curvesOf(digest),
    scenario,
    description: typeof given?.description === "string" ? given.description : undefined,
    alpha: typeof alpha === "number" ? alpha : undefined,
    environment: attempt(() => JSON.parse(environment ?? "null")) ?? undefined,
  };
}

/** The parts of a scenario that the report shows. Nothing is known of an edited file. */
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
    return undefined; // someone has edited the file; the rest can be shown without it
  }
}

/** Stages with their times from the run's first event. */
function stagesOf({ started, stages }: Digest): Stage[] {
  const first = Date.parse(started?.time ?? stages[0]?.began ?? "");
  const seconds = (time: string): number => (Date.parse(time) - first) / 1000;
  return stages.map(({ stage, began, seen, step, steps }) => ({
    name: stage,
    from: seconds(began),
    to: seconds(seen),
    done: step,
    steps,
  }));
}

function curvesOf({ curves }: Digest): Curve[] {
  return curves.map((curve) => {
    const { x, y } = curve.line();
    return { stage: curve.stage, name: curve.metric, x: [...x], y: [...y] };
  });
}
