/** The plugin `dataset-difference`. @module */
import { definePlugin, type Plugin, provide, Targets } from "../../../core/mod.ts";
import { datasetDifferenceComponent } from "./dataset-difference.ts";

export { datasetDifference } from "./dataset-difference.ts";

const plugin: Plugin = definePlugin({
  name: "dataset-difference",
  core: "^0.1.0",
  install: (container) => provide(container, Targets, datasetDifferenceComponent),
});
export default plugin;
