/** The plugin `mixture`. @module */
import { definePlugin, type Plugin, provide, Targets } from "../../../core/mod.ts";
import { mixtureComponent } from "./mixture.ts";

export { mixture } from "./mixture.ts";

const plugin: Plugin = definePlugin({
  name: "mixture",
  core: "^0.1.0",
  install: (container) => provide(container, Targets, mixtureComponent),
});
export default plugin;
