/** The plugin `linear-combination`. @module */
import { definePlugin, type Plugin, provide, Targets } from "../../../core/mod.ts";
import { linearCombinationComponent } from "./linear-combination.ts";

export { linearCombination } from "./linear-combination.ts";

const plugin: Plugin = definePlugin({
  name: "linear-combination",
  core: "^0.1.0",
  install: (container) => provide(container, Targets, linearCombinationComponent),
});
export default plugin;
