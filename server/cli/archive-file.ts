/**
 * A run as one file: a gzipped tar of its folder, which any tar unpacks into a folder that is a run.
 *
 * @module
 */
import { createTarGzip, parseTarGzip } from "nanotar";
import {
  checkRunId,
  copyRun,
  InputError,
  messageOf,
  RUN_FILES,
  type RunEvent,
  type Store,
} from "../../core/mod.ts";
import { memoryStore } from "../../plugins/stores/memory/memory.ts";

/** How the names of such files end. */
export const ARCHIVE = ".tar.gz";
/** What the folder store knows a run's scenario and beginning from. */
const BIRTH = "run.json";
/** Bytes of a name that tar has room for. */
const NAME_BYTES = 100;

/**
 * Packs a run.
 * @throws InputError where there is no such run, a process is writing it, or a path in it is too long for tar
 */
export async function packed(store: Store, id: string): Promise<Uint8Array> {
  const still = memoryStore();
  await copyRun(store, id, still);
  const { scenario, began } = await still.glance(id);
  const reader = await still.open(id);
  const files: { name: string; data: Uint8Array }[] = [
    { name: BIRTH, data: new TextEncoder().encode(`${JSON.stringify({ scenario, began })}\n`) },
    { name: RUN_FILES.events, data: await reader.read(RUN_FILES.events) },
  ];
  for (const name of await reader.files("")) {
    if (name !== RUN_FILES.events) files.push({ name, data: await reader.read(name) });
  }
  const named = files.map(({ name, data }) => ({ name: `${id}/${name}`, data }));
  const long = named.find(({ name }) => name.length > NAME_BYTES || /[^ -~]/.test(name));
  if (long !== undefined) {
    throw new InputError(
      `run ${id} cannot be archived: tar takes paths of ${NAME_BYTES} ASCII characters at most, and not ${long.name}. ` +
        "`dsgan copy` takes any",
    );
  }
  return await createTarGzip(named, { attrs: { mtime: Date.parse(began), mode: "644" } });
}

/**
 * Unpacks a run into memory.
 * @param file names it in messages
 * @throws InputError where the bytes are no such file, or damaged
 */
export async function unpacked(
  bytes: Uint8Array,
  file: string,
): Promise<{ readonly store: Store; readonly id: string }> {
  const damaged = (cause: unknown): InputError =>
    new InputError(`${file} is no archive of a run, or damaged: ${messageOf(cause)}`, { cause });
  try {
    const files = (await parseTarGzip(bytes)).filter(({ type }) => type === "file");
    const [, id = ""] = /^(?:\.\/)?([^/]+)\//.exec(files[0]?.name ?? "") ?? [];
    checkRunId(id);
    const parts = new Map(
      files.map(({ name, data }) => [
        name.replace(/^\.\//, "").slice(id.length + 1),
        data ?? new Uint8Array(),
      ]),
    );
    const text = (path: string): string => new TextDecoder().decode(parts.get(path) ?? new Uint8Array());
    const { scenario, began } = JSON.parse(text(BIRTH)) as { scenario: string; began: string };
    const store = memoryStore();
    const writer = await store.create(scenario, { id, began });
    for (const line of text(RUN_FILES.events).split("\n").filter(Boolean)) {
      await writer.append(JSON.parse(line) as RunEvent);
    }
    for (const [path, data] of parts) {
      if (path !== BIRTH && path !== RUN_FILES.events && !path.startsWith("lease/"))
        await writer.write(path, data);
    }
    await writer.close();
    return { store, id };
  } catch (error) {
    throw damaged(error);
  }
}
