/** The plugin `weighted`. @module */
import { definePlugin, Mixers, type Plugin, provide } from "../../../core/mod.ts";
import { weightedComponent } from "./weighted.ts";

export { weighted } from "./weighted.ts";

const plugin: Plugin = definePlugin({
  name: "weighted",
  core: "^0.1.0",
  install: (container) => provide(container, Mixers, weightedComponent),
});
export default plugin;
