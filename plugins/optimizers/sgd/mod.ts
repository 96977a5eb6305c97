/** The plugin `sgd`. @module */
import { definePlugin, Optimizers, type Plugin, provide } from "../../../core/mod.ts";
import { sgdComponent } from "./sgd.ts";

export { sgd } from "./sgd.ts";

const plugin: Plugin = definePlugin({
  name: "sgd",
  core: "^0.1.0",
  install: (container) => provide(container, Optimizers, sgdComponent),
});
export default plugin;
