/** The plugin `svhn`. @module */
import { Datasets, Downloads, definePlugin, type Plugin, provide } from "../../../core/mod.ts";
import { svhnComponent, svhnDownload } from "./svhn.ts";

export { svhn } from "./svhn.ts";

const plugin: Plugin = definePlugin({
  name: "svhn",
  core: "^0.1.0",
  install(container) {
    provide(container, Datasets, svhnComponent);
    provide(container, Downloads, svhnDownload);
  },
});
export default plugin;
