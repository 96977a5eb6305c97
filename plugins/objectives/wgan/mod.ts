/** The plugin `wgan`. @module */
import { definePlugin, Objectives, type Plugin, provide } from "../../../core/mod.ts";
import { wganComponent } from "./wgan.ts";

export { wgan } from "./wgan.ts";

const plugin: Plugin = definePlugin({
  name: "wgan",
  core: "^0.1.0",
  install: (container) => provide(container, Objectives, wganComponent),
});
export default plugin;
