/** The plugin `image-classifier`. @module */
import { definePlugin, Networks, type Plugin, provide } from "../../../core/mod.ts";
import { imageClassifierComponent } from "./image-classifier.ts";

export { imageClassifier } from "./image-classifier.ts";

const plugin: Plugin = definePlugin({
  name: "image-classifier",
  core: "^0.1.0",
  install: (container) => provide(container, Networks, imageClassifierComponent),
});
export default plugin;
