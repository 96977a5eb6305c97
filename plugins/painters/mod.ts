/**
 * Painters: the package's `dsgan/painters`.
 *
 * @module
 */
export { vegaPainter } from "./vega/painter.ts";
