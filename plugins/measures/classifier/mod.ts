/** The plugin `classifier`. @module */
import { definePlugin, Measures, type Plugin, provide } from "../../../core/mod.ts";
import { classifierComponent } from "./classifier.ts";

export { classifier } from "./classifier.ts";

const plugin: Plugin = definePlugin({
  name: "classifier",
  core: "^0.1.0",
  install: (container) => provide(container, Measures, classifierComponent),
});
export default plugin;
