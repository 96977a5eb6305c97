/** The plugin `vega`. @module */
import { definePlugin, Painters, type Plugin, provide } from "../../../core/mod.ts";
import { vegaComponent } from "./vega.ts";

const plugin: Plugin = definePlugin({
  name: "vega",
  core: "^0.1.0",
  install: (container) => provide(container, Painters, vegaComponent),
});
export default plugin;
