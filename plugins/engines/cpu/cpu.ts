/**
 * The engine `cpu`: tfjs's plain JavaScript kernels. Runs anywhere, slowly; the others are checked against it.
 *
 * @module
 */
import { component, type Engine, Engines, tf } from "../../../core/mod.ts";

/**
 * tfjs on plain JavaScript.
 * @example
 * ```ts
 * import { tf } from "dsgan";
 * import { cpu } from "dsgan/engines";
 *
 * await cpu().start();
 * console.log(tf.add(1, 2).dataSync()); // [3]
 * ```
 */
export function cpu(): Engine {
  return {
    name: "cpu",
    merit: 0,
    async start() {
      await tf.setBackend("cpu");
      await tf.ready();
      return {
        name: "cpu",
        version: tf.version_core,
        device: "JavaScript, one thread",
        reason: "asked for by name",
      };
    },
  };
}

/** A scenario names it `engine: cpu`. */
export default component(Engines, {
  name: "cpu",
  summary: "Plain JavaScript: runs anywhere, slowly",
  create: cpu,
});
