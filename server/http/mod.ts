/**
 * Runs over HTTP, for programs that embed the server or talk to it: `dsgan/http`.
 *
 * @module
 */
export type {
  ArtifactsAnswer,
  CancelAnswer,
  EventsPage,
  ProblemDetails,
  QueueAnswer,
  RunItem,
  RunSummary,
  RunsPage,
  ScenariosAnswer,
  Series,
  SeriesAnswer,
} from "./answers.ts";
export { type App, type AppOptions, createApp } from "./app.ts";
export { type ClientOptions, client } from "./client.ts";
export type { Metrics, StreamCounter } from "./counting.ts";
export type { GuardOptions } from "./guard.ts";
export { prometheusMetrics } from "./metrics.ts";
export type { NamedScenario } from "./orders.ts";
export type { PlaceOptions } from "./origin.ts";
export type { PageFiles } from "./page.ts";
export { type PublishedFiles, publishedRuns } from "./published.ts";
export { type Queue, type QueueOptions, queueOf } from "./queue.ts";
export type { StartRequest } from "./requests.ts";
export { Busy, type Job, type Runner, type RunOrder } from "./runner.ts";
export type { StreamLimits } from "./stream.ts";
export type {
  CurvesAnswer,
  SweepItem,
  SweepSummary,
  TrialsAnswer,
  WorkersAnswer,
} from "./sweep-answers.ts";
export type { WorkersOf } from "./workers.ts";
