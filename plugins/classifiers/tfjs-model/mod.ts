/** The plugin `tfjs-model`. @module */
import { Classifiers, definePlugin, type Plugin, provide } from "../../../core/mod.ts";
import { tfjsModelComponent } from "./tfjs-model.ts";

export { tfjsModel } from "./tfjs-model.ts";

const plugin: Plugin = definePlugin({
  name: "tfjs-model",
  core: "^0.1.0",
  install: (container) => provide(container, Classifiers, tfjsModelComponent),
});
export default plugin;
