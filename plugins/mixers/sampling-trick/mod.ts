/** The plugin `sampling-trick`. @module */
import { definePlugin, Mixers, type Plugin, provide } from "../../../core/mod.ts";
import { samplingTrickComponent } from "./sampling-trick.ts";

export { samplingTrick } from "./sampling-trick.ts";

const plugin: Plugin = definePlugin({
  name: "sampling-trick",
  core: "^0.1.0",
  install: (container) => provide(container, Mixers, samplingTrickComponent),
});
export default plugin;
