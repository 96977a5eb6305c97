/** The plugin `supervised`. @module */
import { definePlugin, type Plugin, provide } from "../../../core/mod.ts";
import { SslMethods } from "../method.ts";
import { supervisedComponent } from "./supervised.ts";

export { supervised } from "./supervised.ts";

const plugin: Plugin = definePlugin({
  name: "supervised",
  core: "^0.1.0",
  install: (container) => provide(container, SslMethods, supervisedComponent),
});
export default plugin;
