/** The plugin `adam`. @module */
import { definePlugin, Optimizers, type Plugin, provide } from "../../../core/mod.ts";
import { adamComponent } from "./adam.ts";

export { adam } from "./adam.ts";

const plugin: Plugin = definePlugin({
  name: "adam",
  core: "^0.1.0",
  install: (container) => provide(container, Optimizers, adamComponent),
});
export default plugin;
