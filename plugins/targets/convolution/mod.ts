/** The plugin `convolution`. @module */
import { definePlugin, type Plugin, provide, Targets } from "../../../core/mod.ts";
import { convolutionComponent } from "./convolution.ts";

export { convolution } from "./convolution.ts";

const plugin: Plugin = definePlugin({
  name: "convolution",
  core: "^0.1.0",
  install: (container) => provide(container, Targets, convolutionComponent),
});
export default plugin;
