/**
 * Folds a run's events into what a reader wants to know: curves, stages, files, metrics, the pace. The HTTP server and
 * the report both read runs through it. A digest can be dropped and made again from the events at any time.
 *
 * @module
 */
import type { EventTypes, Reading, Readings, RunEvent } from "../../core/run/event.ts";
import type { ExpectationResult } from "../../core/run/expectation.ts";
import { type GrowingClock, growingClock, type StageClock } from "./clock.ts";
import { type Curve, type GrowingCurve, growingCurve } from "./curve.ts";
import { soundEvent } from "./lines.ts";
import { ISO_TIME, newPace } from "./pace.ts";
import type { ArtifactRecord, StageRecord } from "./records.ts";

/** What a run's events say so far. */
export interface Digest {
  /** Number of the last event added. */
  readonly last: number;
  readonly started: RunEvent<"started"> | undefined;
  readonly ended: RunEvent<"ended"> | undefined;
  readonly stages: readonly StageRecord[];
  readonly curves: readonly Curve[];
  /** When steps were reached, of each stage that reports them. */
  readonly clocks: readonly StageClock[];
  /** Each file once, as last written. */
  readonly artifacts: readonly ArtifactRecord[];
  readonly metrics: Readings;
  readonly expectations: readonly ExpectationResult[];
  /** The first 100 warnings, those of sentinels included. */
  readonly warnings: readonly string[];
  /** Steps a second of the current stage; undefined once the run has ended. */
  readonly rate: number | undefined;
  /** Seconds that the current stage still takes at that rate. */
  readonly left: number | undefined;
  /** Approximate memory that the digest takes. */
  readonly bytes: number;
  /** Adds events: whole lines, one event each. @throws InputError for a line that is not JSON */
  add(lines: string): void;
}

/** Warnings that are kept. */
const MOST_WARNINGS = 100;

/** The digest of no events. */
export function newDigest(): Digest {
  const curves = new Map<string, GrowingCurve>();
  const clocks = new Map<string, GrowingClock>();
  const stages: Writable<StageRecord>[] = [];
  const artifacts = new Map<string, ArtifactRecord>();
  const warnings: string[] = [];
  const metrics: Record<string, Reading> = {};
  let expectations: ExpectationResult[] = [];
  let pace = newPace(ISO_TIME);
  let last = 0;
  let started: RunEvent<"started"> | undefined;
  let ended: RunEvent<"ended"> | undefined;
  let row: Row | undefined;
  let clock: GrowingClock | undefined;

  const begin = (stage: string, time: string, steps?: number): Writable<StageRecord> => {
    const record: Writable<StageRecord> = { stage, began: time, seen: time, ...(steps && { steps }) };
    stages.push(record);
    pace = newPace(ISO_TIME);
    pace.reach(0, time);
    return record;
  };

  const clockOf = (stage: string): GrowingClock => {
    const clock = clocks.get(stage) ?? growingClock(stage);
    clocks.set(stage, clock);
    return clock;
  };

  const reach = (record: Writable<StageRecord>, time: string, step: number, steps: number): void => {
    if (clock?.stage !== record.stage) clock = clockOf(record.stage);
    record.seen = time;
    record.step = step;
    record.steps = steps;
    pace.reach(step, time);
    clock.reach(step, time);
  };

  const curveOf = (stage: string, metric: string): GrowingCurve => {
    const key = `${stage}\n${metric}`;
    const curve = curves.get(key) ?? growingCurve(stage, metric);
    curves.set(key, curve);
    return curve;
  };

  const addValues = ({ stage, step, steps, values = {} }: EventTypes["progress"]): void => {
    const fields = Object.keys(values).map((metric) => curveOf(stage, metric));
    for (const [i, value] of Object.values(values).entries()) {
      fields[i]!.add(step, value === null ? Number.NaN : Number(value)); // null: as earlier versions wrote NaN
    }
    // The next report most likely has the same shape.
    row = { stage, steps, pattern: patternOf(stage, steps, Object.keys(values)), fields };
  };

  const addEvent = (event: RunEvent): void => {
    const { time, seq } = event;
    const current = stages.at(-1);
    if (current !== undefined && ended === undefined) current.seen = time;
    switch (event.type) {
      case "started":
        started = event;
        break;
      case "stage":
        begin(event.stage, time, event.steps);
        break;
      case "progress":
        reach(
          current?.stage === event.stage ? current : begin(event.stage, time),
          time,
          event.step,
          event.steps,
        );
        if (event.values !== undefined) addValues(event);
        break;
      case "artifact": {
        const { path, title, bytes } = event;
        const step = current?.step;
        artifacts.delete(path); // a file that is written again moves to the end
        artifacts.set(path, { path, title, bytes, time, ...(step !== undefined && { step }) });
        break;
      }
      case "metrics":
        Object.assign(metrics, event.values);
        break;
      case "warning":
      case "sentinel":
        if (warnings.length < MOST_WARNINGS) warnings.push(event.message);
        break;
      case "expectation":
        expectations.push(withoutEnvelope(event));
        break;
      case "resumed":
        ended = undefined;
        expectations = [];
        pace = newPace(ISO_TIME);
        break;
      case "ended":
        ended = event;
        break;
    }
    last = seq;
  };

  /**
   * Adds the reports from an index on that differ from the one before in numbers and time alone. Most events of a long
   * run are such reports: a regular expression reads them several times faster than JSON.parse.
   * @returns the index of the first line of another shape
   */
  const addAlike = (lines: string, from: number, { stage, steps, pattern, fields }: Row): number => {
    const current = stages.at(-1);
    if (current?.stage !== stage) return from;
    let index = from;
    pattern.lastIndex = from;
    for (let found = pattern.exec(lines); found !== null; found = pattern.exec(lines)) {
      index = pattern.lastIndex;
      const step = Number(found[3]);
      for (let i = 0; i < fields.length; i++) fields[i]!.add(step, Number(found[i + 4])); // Number("null") is NaN
      last = Number(found[1]);
      reach(current, found[2]!, step, steps);
    }
    return index;
  };

  return {
    get last() {
      return last;
    },
    get started() {
      return started;
    },
    get ended() {
      return ended;
    },
    stages,
    get curves() {
      return [...curves.values()];
    },
    get clocks() {
      return [...clocks.values()];
    },
    get artifacts() {
      return [...artifacts.values()];
    },
    metrics,
    get expectations() {
      return expectations;
    },
    warnings,
    get rate() {
      return ended === undefined ? pace.rate() : undefined;
    },
    get left() {
      const { step, steps } = stages.at(-1) ?? {};
      return ended === undefined && step && steps ? pace.left(steps) : undefined;
    },
    get bytes() {
      return [...curves.values()].reduce((sum, { bytes }) => sum + bytes, 1000 * (1 + artifacts.size));
    },
    add(lines) {
      for (let index = 0; index < lines.length; ) {
        if (row !== undefined) index = addAlike(lines, index, row);
        if (index >= lines.length) break;
        const end = lines.indexOf("\n", index);
        const event = soundEvent(lines.slice(index, end));
        if (event !== undefined) addEvent(event);
        index = end + 1;
      }
    },
  };
}

/** The shape of a report, and the curves that its numbers go to. */
interface Row {
  readonly stage: string;
  readonly steps: number;
  readonly pattern: RegExp;
  readonly fields: readonly GrowingCurve[];
}

/** Matches reports of one shape, as JSON.stringify writes them. */
function patternOf(stage: string, steps: number, metrics: readonly string[]): RegExp {
  const json = (value: string | number): string =>
    JSON.stringify(value).replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
  const values = metrics.map((metric) => `${json(metric)}:([^,}]+)`).join(",");
  return new RegExp(
    `\\{"seq":(\\d+),"time":"([^"]+)","type":"progress","stage":${json(stage)},"step":(\\d+),"steps":${json(steps)},"values":\\{${values}\\}\\}\n`,
    "y",
  );
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

function withoutEnvelope(event: EventTypes["expectation"]): ExpectationResult {
  const { metric, expected, value, met } = event;
  return { metric, expected, ...(value !== undefined && { value }), met };
}
