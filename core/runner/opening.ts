/**
 * How a session begins: the files that resuming needs, then the first event, `started` or `resumed`.
 *
 * @module
 */
import { withoutSecrets } from "../plugin/secrets.ts";
import type { EngineInfo } from "../run/engine.ts";
import { RUN_FILES, type RunWriter } from "../run/store.ts";
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
  const { scenario, text, base, plugins, environment, writer, past, log } = parts;
  const isNew = past.events.length === 0;
  const writeFiles = async (engine?: EngineInfo): Promise<void> => {
    const about = { ...(engine && { engine }), base: base.href, ...environment, plugins };
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
    await log.emit({ type: "resumed", from, engine, notes: notesOn(past, engine, plugins) });
  };
  let isOpen = false;
  return {
    prepare: async () => {
      if (isNew) await writeFiles();
    },
    open: async (started) => {
      if (isOpen) return;
      const engine = started ?? { ...NO_ENGINE, name: scenario.engine.use };
      if (isNew) await writeFiles(started);
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
  { checkpoint, damaged }: Past,
  engine: EngineInfo,
  plugins: readonly PluginRecord[],
): string[] {
  if (checkpoint === undefined) return [...damaged];
  const { engine: before, plugins: hashes = {} } = checkpoint.record;
  const changed = plugins.filter(({ name, sha256 }) => {
    const known = Object.hasOwn(hashes, name) ? hashes[name] : undefined;
    return known !== undefined && sha256 !== undefined && known !== sha256;
  });
  return [
    ...damaged,
    ...(before === engine.name
      ? []
      : [`begun on engine ${before}, resumed on ${engine.name}: the two round numbers differently`]),
    ...changed.map(
      ({ name, from }) =>
        `plugin "${name}"${from === name ? "" : ` (${from})`} has changed since ${checkpoint.path} was written: ` +
        "the results may differ from those of a run without interruption",
    ),
  ];
}

/** What a checkpoint keeps of the plugins, by which a later session sees that one has changed. */
export function hashesOf(plugins: readonly PluginRecord[]): Record<string, string> {
  return Object.fromEntries(
    plugins.flatMap(({ name, sha256 }) => (sha256 === undefined ? [] : [[name, sha256] as const])),
  );
}
