/** The plugin `tensorflow`. @module */
import { definePlugin, Engines, type Plugin, provide } from "../../../core/mod.ts";
import { tensorflowComponent } from "./tensorflow.ts";

export { tensorflow } from "./tensorflow.ts";

const plugin: Plugin = definePlugin({
  name: "tensorflow",
  core: "^0.1.0",
  install: (container) => provide(container, Engines, tensorflowComponent),
});
export default plugin;
