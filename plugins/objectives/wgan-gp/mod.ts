/** The plugin `wgan-gp`. @module */
import { definePlugin, Objectives, type Plugin, provide } from "../../../core/mod.ts";
import { wganGpComponent } from "./wgan-gp.ts";

export { wganGp } from "./wgan-gp.ts";

const plugin: Plugin = definePlugin({
  name: "wgan-gp",
  core: "^0.1.0",
  install: (container) => provide(container, Objectives, wganGpComponent),
});
export default plugin;
