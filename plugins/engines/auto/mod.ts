/** The plugin `auto`. @module */
import { definePlugin, Engines, type Plugin, provide } from "../../../core/mod.ts";
import { autoComponent } from "./auto.ts";

export { auto } from "./auto.ts";

const plugin: Plugin = definePlugin({
  name: "auto",
  core: "^0.1.0",
  install: (container) => provide(container, Engines, autoComponent),
});
export default plugin;
