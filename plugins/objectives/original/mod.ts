/** The plugin `original`. @module */
import { definePlugin, Objectives, type Plugin, provide } from "../../../core/mod.ts";
import { originalComponent } from "./original.ts";

export { original } from "./original.ts";

const plugin: Plugin = definePlugin({
  name: "original",
  core: "^0.1.0",
  install: (container) => provide(container, Objectives, originalComponent),
});
export default plugin;
