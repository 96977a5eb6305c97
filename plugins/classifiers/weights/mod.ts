/** The plugin `weights`. @module */
import { Classifiers, definePlugin, type Plugin, provide } from "../../../core/mod.ts";
import { weightsComponent } from "./weights.ts";

export { weights } from "./weights.ts";

const plugin: Plugin = definePlugin({
  name: "weights",
  core: "^0.1.0",
  install: (container) => provide(container, Classifiers, weightsComponent),
});
export default plugin;
