/** The plugin `generate`. @module */
import { Applications, definePlugin, type Plugin, provide } from "../../../core/mod.ts";
import { generateComponent } from "./generate.ts";

export { generate } from "./generate.ts";

const plugin: Plugin = definePlugin({
  name: "generate",
  core: "^0.1.0",
  install: (container) => provide(container, Applications, generateComponent),
});
export default plugin;
