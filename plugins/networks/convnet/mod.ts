/** The plugin `convnet`. @module */
import { definePlugin, Networks, type Plugin, provide } from "../../../core/mod.ts";
import { convnetComponent } from "./convnet.ts";

export { convnet } from "./convnet.ts";

const plugin: Plugin = definePlugin({
  name: "convnet",
  core: "^0.1.0",
  install: (container) => provide(container, Networks, convnetComponent),
});
export default plugin;
