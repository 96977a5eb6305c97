/** The plugin `lsgan`. @module */
import { definePlugin, Objectives, type Plugin, provide } from "../../../core/mod.ts";
import { lsganComponent } from "./lsgan.ts";

export { lsgan } from "./lsgan.ts";

const plugin: Plugin = definePlugin({
  name: "lsgan",
  core: "^0.1.0",
  install: (container) => provide(container, Objectives, lsganComponent),
});
export default plugin;
