/** The plugin `shapes`. @module */

import { gaussians1dComponent } from "./gaussians-1d.ts";
import { normalComponent } from "./normal.ts";
import { ringComponent } from "./ring.ts";
import { swissRollComponent } from "./swiss-roll.ts";
import { uniformComponent } from "./uniform.ts";

export { gaussians1d } from "./gaussians-1d.ts";
export { normal } from "./normal.ts";
export { ring } from "./ring.ts";
export { swissRoll } from "./swiss-roll.ts";
export { uniform } from "./uniform.ts";

export default [uniformComponent, normalComponent, gaussians1dComponent, swissRollComponent, ringComponent];
