/** The plugin `arrays`. @module */
import { Datasets, definePlugin, type Plugin, provide } from "../../../core/mod.ts";
import { arraysComponent } from "./arrays.ts";

const plugin: Plugin = definePlugin({
  name: "arrays",
  core: "^0.1.0",
  install: (container) => provide(container, Datasets, arraysComponent),
});
export default plugin;
