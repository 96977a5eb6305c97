/**
 * The engine `cpu`: tfjs's plain JavaScript kernels. Runs anywhere, slowly; the others are checked against it.
 *
 * @module
 */
import { component, type Engine, Engines, tf, z } from "../../../core/mod.ts";

/** tfjs on plain JavaScript. */
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

/** How a scenario names it: `engine: cpu`. */
const cpuComponent = component(Engines, {
  name: "cpu",
  summary: "Plain JavaScript: runs anywhere, slowly",
  options: () => z.strictObject({}),
  create: cpu,
});

export default cpuComponent;
