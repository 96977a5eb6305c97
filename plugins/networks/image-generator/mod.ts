/** The plugin `image-generator`. @module */
import { definePlugin, Networks, type Plugin, provide } from "../../../core/mod.ts";
import { imageGeneratorComponent } from "./image-generator.ts";

export { imageGenerator } from "./image-generator.ts";

const plugin: Plugin = definePlugin({
  name: "image-generator",
  core: "^0.1.0",
  install: (container) => provide(container, Networks, imageGeneratorComponent),
});
export default plugin;
