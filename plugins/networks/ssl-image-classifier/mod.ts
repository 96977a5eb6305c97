/** The plugin `ssl-image-classifier`. @module */
import { definePlugin, Networks, type Plugin, provide } from "../../../core/mod.ts";
import { sslImageClassifierComponent } from "./ssl-image-classifier.ts";

export { sslImageClassifier } from "./ssl-image-classifier.ts";

const plugin: Plugin = definePlugin({
  name: "ssl-image-classifier",
  core: "^0.1.0",
  install: (container) => provide(container, Networks, sslImageClassifierComponent),
});
export default plugin;
