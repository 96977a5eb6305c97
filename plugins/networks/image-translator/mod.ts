/** The plugin `image-translator`. @module */
import { definePlugin, Networks, type Plugin, provide } from "../../../core/mod.ts";
import { imageTranslatorComponent } from "./image-translator.ts";

export { imageTranslator } from "./image-translator.ts";

const plugin: Plugin = definePlugin({
  name: "image-translator",
  core: "^0.1.0",
  install: (container) => provide(container, Networks, imageTranslatorComponent),
});
export default plugin;
