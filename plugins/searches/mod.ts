/**
 * Searches: the package's `dsgan/searches`.
 *
 * @module
 */
export { type AshaOptions, asha } from "./asha/asha.ts";
export { grid } from "./grid/grid.ts";
export { type OptunaOptions, optuna } from "./optuna/optuna.ts";
export { type RandomOptions, random } from "./random/random.ts";
