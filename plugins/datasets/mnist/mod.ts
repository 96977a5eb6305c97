/** The plugin `mnist`. @module */
import { Datasets, Downloads, definePlugin, type Plugin, provide } from "../../../core/mod.ts";
import { mnistComponent, mnistDownload } from "./mnist.ts";

export { mnist } from "./mnist.ts";

const plugin: Plugin = definePlugin({
  name: "mnist",
  core: "^0.1.0",
  install(container) {
    provide(container, Datasets, mnistComponent);
    provide(container, Downloads, mnistDownload);
  },
});
export default plugin;
