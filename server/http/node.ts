/**
 * Serving runs from a process of Node's (or of a runtime that has Node's modules), with trainers on the same
 * machine: `dsgan/http/node`.
 *
 * @module
 */
export { type Limits, type Listening, type ListenOptions, listen } from "./listen.ts";
export { type TrainerQueueOptions, trainerQueue } from "./trainers.ts";
