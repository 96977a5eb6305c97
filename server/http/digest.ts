/**
 * A run's events taken in, one after another: curves of numbers, and what else a page about the run shows. Nothing here
 * is state: it can be dropped and made anew from the events at any time.
 *
 * @module
 */
import type { EventTypes, ExpectationResult, RunEvent } from "../../core/mod.ts";
import { firstAt, type Line } from "./downsample.ts";

/** A number over the steps of a stage. */
export interface Curve {
  readonly stage: string;
  readonly metric: string;
  /** Its points so far. */
  line(): Line;
}

/** A stage of a run. */
export interface StageRecord {
  readonly stage: string;
  /** When it began and when it was last heard of, ISO 8601. */
  readonly began: string;
  readonly seen: string;
  /** How far it came and how far it goes, where it said so. */
  readonly step?: number;
  readonly steps?: number;
}

/** A file that a run kept. */
export interface ArtifactRecord {
  readonly path: string;
  readonly title: string;
  readonly bytes: number;
  readonly time: string;
  /** Step of the stage that it was kept at. */
  readonly step?: number;
}

/** What a run has told so far. */
export interface Digest {
  /** Number of the last event taken in. */
  readonly last: number;
  readonly started: RunEvent<"started"> | undefined;
  readonly ended: RunEvent<"ended"> | undefined;
  readonly stages: readonly StageRecord[];
  readonly curves: readonly Curve[];
  /** Each once, as last written. */
  readonly artifacts: readonly ArtifactRecord[];
  readonly metrics: Readonly<Record<string, number>>;
  readonly expectations: readonly ExpectationResult[];
  readonly warnings: readonly string[];
  /** Steps a second of the stage under way. */
  readonly rate: number | undefined;
  /** About what it takes in memory. */
  readonly bytes: number;
  /** Takes events in: whole lines, an event each. */
  add(lines: string): void;
}

/** Most warnings that are kept. */
const WARNINGS = 100;
/** Steps further back than so many reports, or this many seconds, do not count for the rate. */
const PACE_REPORTS = 64;
const PACE_SECONDS = 20;

/** Nothing yet. */
export function newDigest(): Digest {
  const curves = new Map<string, GrowingCurve>();
  const stages: Writable<StageRecord>[] = [];
  const artifacts = new Map<string, ArtifactRecord>();
  const warnings: string[] = [];
  const metrics: Record<string, number> = {};
  let expectations: ExpectationResult[] = [];
  let pace = newPace();
  let last = 0;
  let started: RunEvent<"started"> | undefined;
  let ended: RunEvent<"ended"> | undefined;
  let row: Row | undefined;

  const begin = (stage: string, time: string, steps?: number): Writable<StageRecord> => {
    const record: Writable<StageRecord> = { stage, began: time, seen: time, ...(steps && { steps }) };
    stages.push(record);
    pace = newPace();
    pace.reach(0, time);
    return record;
  };

  const progress = (time: string, stage: string, step: number, steps: number): void => {
    const current = stages.at(-1);
    const record = current?.stage === stage ? current : begin(stage, time);
    record.seen = time;
    record.step = step;
    record.steps = steps;
    pace.reach(step, time);
  };

  const curveOf = (stage: string, metric: string): GrowingCurve => {
    const key = `${stage}\n${metric}`;
    const curve = curves.get(key) ?? growingCurve(stage, metric);
    curves.set(key, curve);
    return curve;
  };

  const addValues = (
    stage: string,
    step: number,
    steps: number,
    values: Readonly<Record<string, unknown>>,
  ): void => {
    const given = Object.entries(values);
    const fields = given.map(([metric]) => curveOf(stage, metric));
    for (const [i, [, value]] of given.entries()) {
      fields[i]!.add(step, typeof value === "number" ? value : Number.NaN);
    }
    // The next report most likely has the same parts.
    const pattern = patternOf(stage, steps, Object.keys(values));
    row = { stage, steps, pattern, fields };
  };

  const other = (event: RunEvent): void => {
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
        progress(time, event.stage, event.step, event.steps);
        if (event.values !== undefined) addValues(event.stage, event.step, event.steps, event.values);
        break;
      case "artifact": {
        const { path, title, bytes } = event;
        const step = current?.step;
        artifacts.delete(path); // one that is written anew moves to the end
        artifacts.set(path, { path, title, bytes, time, ...(step !== undefined && { step }) });
        break;
      }
      case "metrics":
        Object.assign(metrics, event.values);
        break;
      case "warning":
      case "sentinel":
        if (warnings.length < WARNINGS) warnings.push(event.message);
        break;
      case "expectation":
        expectations.push(withoutEnvelope(event));
        break;
      case "resumed":
        ended = undefined;
        expectations = [];
        pace = newPace();
        break;
      case "ended":
        ended = event;
        break;
    }
    last = seq;
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
    get bytes() {
      return [...curves.values()].reduce((sum, { bytes }) => sum + bytes, 1000 * (1 + artifacts.size));
    },
    add(lines) {
      for (let at = 0; at < lines.length; ) {
        if (row !== undefined) at = addAlike(lines, at, row);
        if (at >= lines.length) break;
        const end = lines.indexOf("\n", at);
        other(JSON.parse(lines.slice(at, end)));
        at = end + 1;
      }
    },
  };

  /**
   * Adds the reports from a place on that differ from the one before in nothing but numbers and time. Most events of a
   * long run are such: parsing them as JSON would take several times as long.
   * @returns where the first line begins that is another
   */
  function addAlike(lines: string, from: number, { stage, steps, pattern, fields }: Row): number {
    const current = stages.at(-1);
    if (current?.stage !== stage) return from;
    let at = from;
    pattern.lastIndex = at;
    for (let found = pattern.exec(lines); found !== null; found = pattern.exec(lines)) {
      at = pattern.lastIndex;
      const step = Number(found[3]);
      for (let i = 0; i < fields.length; i++) fields[i]!.add(step, Number(found[i + 4])); // NaN of null, as JSON has it
      last = Number(found[1]);
      current.seen = found[2]!;
      current.step = step;
      current.steps = steps;
      pace.reach(step, current.seen);
    }
    return at;
  }
}

/** Matches the reports that have the parts of one, as JSON.stringify writes them. */
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

/** How fast a stage gets on. */
interface Pace {
  reach(step: number, time: string): void;
  /** Steps a second over the last reports; undefined before there are two. */
  rate(): number | undefined;
}

function newPace(): Pace {
  const steps = new Array<number>(PACE_REPORTS);
  const times = new Array<string>(PACE_REPORTS);
  let count = 0;
  return {
    reach(step, time) {
      steps[count % PACE_REPORTS] = step;
      times[count % PACE_REPORTS] = time;
      count++;
    },
    rate() {
      if (count < 2) return undefined;
      const seconds = (i: number): number => Date.parse(times[i % PACE_REPORTS]!) / 1000;
      const now = seconds(count - 1);
      let first = Math.max(0, count - PACE_REPORTS);
      while (first < count - 2 && now - seconds(first) > PACE_SECONDS) first++;
      const took = now - seconds(first);
      const made = steps[(count - 1) % PACE_REPORTS]! - steps[first % PACE_REPORTS]!;
      return took > 0 && made > 0 ? made / took : undefined;
    },
  };
}

/** What a report looks like, and the curves that its numbers go to. */
interface Row {
  readonly stage: string;
  readonly steps: number;
  readonly pattern: RegExp;
  readonly fields: readonly GrowingCurve[];
}

interface GrowingCurve extends Curve {
  readonly bytes: number;
  add(x: number, y: number): void;
}

function growingCurve(stage: string, metric: string): GrowingCurve {
  let [x, y] = [new Float64Array(256), new Float64Array(256)];
  let length = 0;
  return {
    stage,
    metric,
    get bytes() {
      return 2 * x.byteLength;
    },
    line: () => ({ x: x.subarray(0, length), y: y.subarray(0, length) }),
    add(step, value) {
      // A stage that is gone through once more overwrites what it told before.
      if (length > 0 && step <= x[length - 1]!) length = firstAt(x.subarray(0, length), step);
      if (length === x.length) [x, y] = [twice(x), twice(y)];
      x[length] = step;
      y[length] = value;
      length++;
    },
  };
}

function twice(values: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(2 * values.length);
  larger.set(values);
  return larger;
}
