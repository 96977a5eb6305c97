/** The plugin `label-difference`. @module */
import { definePlugin, type Plugin, provide, Targets } from "../../../core/mod.ts";
import { labelDifferenceComponent } from "./label-difference.ts";

export { labelDifference } from "./label-difference.ts";

const plugin: Plugin = definePlugin({
  name: "label-difference",
  core: "^0.1.0",
  install: (container) => provide(container, Targets, labelDifferenceComponent),
});
export default plugin;
