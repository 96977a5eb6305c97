/** The plugin `geometry`. @module */
import { definePlugin, Measures, type Plugin, provide } from "../../../core/mod.ts";
import { geometryComponent } from "./geometry.ts";

export { geometry } from "./geometry.ts";

const plugin: Plugin = definePlugin({
  name: "geometry",
  core: "^0.1.0",
  install: (container) => provide(container, Measures, geometryComponent),
});
export default plugin;
