/** The plugin `cifar10`. @module */
import { Datasets, Downloads, definePlugin, type Plugin, provide } from "../../../core/mod.ts";
import { cifar10Component, cifar10Download } from "./cifar10.ts";

export { cifar10 } from "./cifar10.ts";

const plugin: Plugin = definePlugin({
  name: "cifar10",
  core: "^0.1.0",
  install(container) {
    provide(container, Datasets, cifar10Component);
    provide(container, Downloads, cifar10Download);
  },
});
export default plugin;
