/**
 * Measures of generated samples: the package's `dsgan/measures`.
 *
 * @module
 */
export { type ClassifierOptions, classifier } from "./classifier/classifier.ts";
export { type EnergyOptions, energy } from "./energy/energy.ts";
export { type GeometryOptions, geometry } from "./geometry/geometry.ts";
