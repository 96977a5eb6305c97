/** The plugin `apgd`. @module */
import { Attacks, definePlugin, type Plugin, provide } from "../../../core/mod.ts";
import { apgdComponent } from "./apgd.ts";

export { apgd } from "./apgd.ts";

const plugin: Plugin = definePlugin({
  name: "apgd",
  core: "^0.1.0",
  install: (container) => provide(container, Attacks, apgdComponent),
});
export default plugin;
