/**
 * Applications of the plain game for programs: the package's `dsgan/applications`. Those of a family are in `dsgan/ssl`
 * and `dsgan/robustness`.
 *
 * @module
 */
export { type Generate, generate } from "./generate/generate.ts";
