/** The plugin `ebgan`. @module */
import { definePlugin, Objectives, type Plugin, provide } from "../../../core/mod.ts";
import { ebganComponent } from "./ebgan.ts";

export { ebgan } from "./ebgan.ts";

const plugin: Plugin = definePlugin({
  name: "ebgan",
  core: "^0.1.0",
  install: (container) => provide(container, Objectives, ebganComponent),
});
export default plugin;
