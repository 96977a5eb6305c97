/**
 * How a session begins: the files that resuming needs, then the first event, `started` or `resumed`.
 *
 * @module
 */
import { withoutSecrets } from "../plugin/secrets.ts";
import type { EngineInfo } from "../run/engine.ts";
import { RUN_FILES, type RunWriter } from "../run/store.ts";
import type { AllowList } from "../scenario/allow.ts";
import type { PluginRecord, Scenario } from "../scenario/scenario.ts";
import type { RunLog } from "./log.ts";
import type { Past } from "./past.ts";

/** What an opening is made of. */
export interface OpeningParts {
  readonly scenario: Scenario;
  /** The scenario as text, every default filled in. */
  readonly text: string;
  /** Where relative paths of the scenario start. */
  readonly base: URL;
  /** The scenario's own plugins. */
  readonly plugins: readonly PluginRecord[];
  readonly environment: Readonly<Record<string, unknown>>;
  /** What a scenario from outside may name, now and when it is resumed. */
  readonly allow: AllowList | undefined;
  readonly writer: RunWriter;
  readonly past: Past;
  readonly log: RunLog;
}

/** The beginning of a session. */
export interface Opening {
  /** Writes what it takes to resume the run, before anything can fail; a resumed run has it already. */
  prepare(): Promise<void>;
  /** Emits the session's first event, once. @param engine absent where none has started */
  open(engine?: EngineInfo): Promise<void>;
}

/** The opening of a session. */
export function openingOf(parts: OpeningParts): Opening {
  const { scenario, text, base, plugins, environment, allow, writer, past, log } = parts;
  const isNew = past.events.length === 0;
  const hasFiles = [RUN_FILES.scenario, RUN_FILES.environment].every((path) => past.files.includes(path));
  const writeFiles = async (engine?: EngineInfo): Promise<void> => {
    const about = {
      ...(engine && { engine }),
      base: base.href,
      ...(allow && { allow }),
      ...environment,
      plugins,
    };
    await writer.write(RUN_FILES.scenario, text);
    await writer.write(RUN_FILES.environment, `${JSON.stringify(about, null, 2)}\n`);
  };
  const start = async (engine: EngineInfo): Promise<void> => {
    const { name, seed, application } = scenario;
    const run = writer.id;
    const location = withoutSecrets(writer.location);
    await log.emit({
      type: "started",
      run,
      scenario: name,
      application: application.use,
      seed,
      engine,
      location,
    });
  };
  const resume = async (engine: EngineInfo): Promise<void> => {
    for (const path of past.ahead) await writer.remove(path);
    const from = past.checkpoint?.path ?? null;
    await log.emit({ type: "resumed", from, engine, notes: notesOn(past, engine, plugins, environment) });
  };
  let isOpen = false;
  return {
    prepare: async () => {
      if (isNew || !hasFiles) await writeFiles();
    },
    open: async (started) => {
      if (isOpen) return;
      const engine = started ?? { ...NO_ENGINE, name: scenario.engine.use };
      if (isNew || !hasFiles) await writeFiles(started);
      await (isNew ? start(engine) : resume(engine));
      isOpen = true;
      if (!isNew) await writer.remove(RUN_FILES.result); // that of the session before
    },
  };
}

/** Stands in events for an engine that has not started. */
export const NO_ENGINE: EngineInfo = { name: "", version: "", device: "", reason: "did not start" };

/** What may change the results of a resumed run, and what was found damaged. */
function notesOn(
  past: Past,
  engine: EngineInfo,
  plugins: readonly PluginRecord[],
  environment: Readonly<Record<string, unknown>>,
): string[] {
  const { checkpoint, damaged } = past;
  if (checkpoint === undefined) return [...damaged];
  const { plugins: hashes = {} } = checkpoint.record;
  const changed = plugins.filter(({ name, sha256 }) => {
    const known = Object.hasOwn(hashes, name) ? hashes[name] : undefined;
    return known !== undefined && sha256 !== undefined && known !== sha256;
  });
  return [
    ...damaged,
    ...moved(past, checkpoint.record.engine, engine, environment),
    ...changed.map(
      ({ name, from }) =>
        `plugin "${name}"${from === name ? "" : ` (${from})`} has changed since ${checkpoint.path} was written: ` +
        "the results may differ from those of a run without interruption",
    ),
  ];
}

/** What differs between where the last session computed and where this one does: at most a sentence. */
function moved(
  past: Past,
  name: string,
  engine: EngineInfo,
  environment: Readonly<Record<string, unknown>>,
): string[] {
  if (name !== engine.name) {
    return [`begun on engine ${name}, resumed on ${engine.name}: the two round numbers differently`];
  }
  const last = past.events.findLast(
    (event) => (event.type === "started" || event.type === "resumed") && event.engine.version !== "",
  );
  const before = last !== undefined && "engine" in last ? last.engine : engine;
  const pairs = [
    [`${name} ${before.version}`, `${name} ${engine.version}`],
    [before.device, engine.device],
    ...["dsgan", "tfjs"].map((key) => [`${key} ${past.environment[key]}`, `${key} ${environment[key]}`]),
    [processorOf(past.environment), processorOf(environment)],
  ] as const;
  const differing = pairs.filter(([old, now]) => old !== now && !`${old}${now}`.includes("undefined"));
  if (differing.length === 0) return [];
  const [old, now] = [0, 1].map((i) => differing.map((pair) => pair[i]).join(", "));
  return [`begun on ${old}, resumed on ${now}: the results may differ in their last digits`];
}

function processorOf({ cpu }: Readonly<Record<string, unknown>>): string {
  return String((cpu as { readonly model?: unknown } | undefined)?.model);
}

/** What a checkpoint keeps of the plugins, by which a later session sees that one has changed. */
export function hashesOf(plugins: readonly PluginRecord[]): Record<string, string> {
  return Object.fromEntries(
    plugins.flatMap(({ name, sha256 }) => (sha256 === undefined ? [] : [[name, sha256] as const])),
  );
}
