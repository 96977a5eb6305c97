/** The plugin `dsgan`. @module */
import { definePlugin, type Plugin, provide } from "../../../core/mod.ts";
import { SslMethods } from "../method.ts";
import { dsganComponent } from "./dsgan.ts";

export { dsgan } from "./dsgan.ts";

const plugin: Plugin = definePlugin({
  name: "dsgan",
  core: "^0.1.0",
  install: (container) => provide(container, SslMethods, dsganComponent),
});
export default plugin;
