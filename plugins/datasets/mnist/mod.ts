/** The plugin `mnist`. @module */
import { Datasets, definePlugin, type Plugin, provide } from "../../../core/mod.ts";
import { mnistComponent } from "./mnist.ts";

export { mnist } from "./mnist.ts";

const plugin: Plugin = definePlugin({
  name: "mnist",
  core: "^0.1.0",
  install: (container) => provide(container, Datasets, mnistComponent),
});
export default plugin;
