/** The plugin `ssl-mnist`. @module */
import { definePlugin, Networks, type Plugin, provide } from "../../../core/mod.ts";
import { classifierComponent } from "./classifier.ts";
import { generatorComponent } from "./generator.ts";

export { mnistClassifier } from "./classifier.ts";
export { mnistGenerator } from "./generator.ts";

const plugin: Plugin = definePlugin({
  name: "ssl-mnist",
  core: "^0.1.0",
  install: (container) => provide(container, Networks, classifierComponent, generatorComponent),
});
export default plugin;
