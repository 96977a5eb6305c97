/** The plugin `rmsprop`. @module */
import { definePlugin, Optimizers, type Plugin, provide } from "../../../core/mod.ts";
import { rmspropComponent } from "./rmsprop.ts";

export { rmsprop } from "./rmsprop.ts";

const plugin: Plugin = definePlugin({
  name: "rmsprop",
  core: "^0.1.0",
  install: (container) => provide(container, Optimizers, rmspropComponent),
});
export default plugin;
