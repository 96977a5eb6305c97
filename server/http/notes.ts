/**
 * What people say of runs: a name, a note, tags, whether it is put away. Kept in the run, as a small file. And the route
 * that removes a run.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { discreet } from "../../core/plugin/discreet.ts";
import { InputError } from "../../core/plugin/errors.ts";
import type { RunReader, Store } from "../../core/run/store.ts";
import { notFound, Refusal } from "./problem.ts";
import { runParams } from "./requests.ts";
import { json, newRoutes, route } from "./route.ts";

/** Where the notes on a run are. */
export const NOTES_FILE = "notes.json";

/** Notes on a run, as they are kept. */
export const runNotes = z
  .strictObject({
    name: z.string().max(200).optional().describe("Shown in place of the scenario's."),
    note: z.string().max(10_000).optional(),
    tags: z
      .array(z.string().min(1).max(60))
      .max(50)
      .readonly()
      .optional()
      .describe("Beside those of the scenario."),
    archived: z.boolean().optional().describe("Put away: lists leave it out unless asked for it."),
  })
  .openapi("Notes");

/** Notes on a run. */
export type Notes = z.infer<typeof runNotes>;

const read = route({
  method: "get",
  path: "/api/runs/{id}/notes",
  summary: "Notes on a run",
  request: { params: runParams },
  answers: { 200: json(runNotes) },
});

const write = route({
  method: "put",
  path: "/api/runs/{id}/notes",
  summary: "Replace the notes on a run",
  request: { params: runParams, body: { required: true, content: json(runNotes) } },
  answers: { 200: json(runNotes) },
});

const remove = route({
  method: "delete",
  path: "/api/runs/{id}",
  summary: "Remove a run with all that it has",
  request: { params: runParams },
  answers: { 200: json(z.object({ run: z.string(), removed: z.literal(true) })) },
});

/** What the routes of this module work on. */
export interface NoteKeeping {
  readonly store: Store;
  /** Whether requests may change notes and remove runs. */
  readonly canEdit: boolean;
  /** Called with the id of a run whose notes have changed, or that is gone. */
  readonly changed: (run: string) => void;
}

/** The routes of this module. */
export function noteRoutes({ store, canEdit, changed }: NoteKeeping) {
  const requireEdit = (): void => {
    if (!canEdit) throw new Refusal(501, "this host only shows runs: it changes and removes none");
  };
  return newRoutes()
    .openapi(read, async (c) => {
      const reader = await store.open(c.req.param("id")).catch(notFound);
      return c.json(await notesOf(reader), 200);
    })
    .openapi(write, async (c) => {
      requireEdit();
      const notes = c.req.valid("json");
      const id = c.req.param("id");
      await writeNotes(store, id, notes);
      changed(id);
      return c.json(notes, 200);
    })
    .openapi(remove, async (c) => {
      requireEdit();
      const id = c.req.param("id");
      await requireQuiet(store, id, "remove it");
      await store.remove(id).catch(refused);
      changed(id);
      return c.json({ run: id, removed: true } as const, 200);
    });
}

/** The notes on a run; none where it has none, or they are damaged. */
export async function notesOf(reader: RunReader): Promise<Notes> {
  const data = await reader.read(NOTES_FILE).catch(() => undefined);
  if (data === undefined) return {};
  try {
    return runNotes.parse(JSON.parse(new TextDecoder().decode(data)));
  } catch {
    return {};
  }
}

async function writeNotes(store: Store, id: string, notes: Notes): Promise<void> {
  await requireQuiet(store, id, "note something on it");
  const writer = await store.resume(id).catch(refused);
  try {
    await writer.write(NOTES_FILE, `${JSON.stringify(notes, null, 2)}\n`);
    await writer.flush?.();
  } finally {
    await writer.close();
  }
}

/** A run has one writer at a time. @throws Refusal 404 where there is no such run, 409 where a process writes it */
async function requireQuiet(store: Store, id: string, what: string): Promise<void> {
  const { status } = await store.glance(id).catch(notFound);
  if (status === "running") throw new Refusal(409, `run ${id} is being written: ${what} once it has ended`);
}

/** Another process may have taken the run in the meantime, or the store is read only. */
function refused(error: unknown): never {
  throw error instanceof InputError ? new Refusal(409, discreet(error.message)) : error;
}
