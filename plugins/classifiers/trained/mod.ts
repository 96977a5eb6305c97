/** The plugin `trained`. @module */
import { Classifiers, definePlugin, type Plugin, provide } from "../../../core/mod.ts";
import { trainedComponent } from "./trained.ts";

export { trained } from "./trained.ts";

const plugin: Plugin = definePlugin({
  name: "trained",
  core: "^0.1.0",
  install: (container) => provide(container, Classifiers, trainedComponent),
});
export default plugin;
