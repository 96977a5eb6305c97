/**
 * Stages and files of a run, as its events describe them. The schemas give both the types and their part of
 * `/openapi.json`.
 *
 * @module
 */
import { z } from "zod";

/** A stage of a run. */
export const stageRecord = z.object({
  stage: z.string().describe("Name of the stage."),
  began: z.string().describe("Time of its first event, ISO 8601."),
  seen: z.string().describe("Time of its latest event, ISO 8601."),
  step: z.int().optional().describe("Steps done, where the stage reports them."),
  steps: z.int().optional().describe("Steps in all, where the stage reports them."),
});

/** A file that a run keeps. */
export const artifactRecord = z.object({
  path: z.string().describe("Path of the file; it follows `/api/runs/{id}/`."),
  title: z.string().describe("What the file shows."),
  bytes: z.int().describe("Size of the file."),
  time: z.string().describe("When it was last written, ISO 8601."),
  step: z.int().optional().describe("Step of the stage at which it was written."),
});

/** A stage of a run. */
export type StageRecord = Readonly<z.infer<typeof stageRecord>>;

/** A file that a run keeps. */
export type ArtifactRecord = Readonly<z.infer<typeof artifactRecord>>;
