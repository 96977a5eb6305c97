/** The plugin `catgan`. @module */
import { definePlugin, type Plugin, provide } from "../../../core/mod.ts";
import { SslMethods } from "../method.ts";
import { catganComponent } from "./catgan.ts";

export { catgan } from "./catgan.ts";

const plugin: Plugin = definePlugin({
  name: "catgan",
  core: "^0.1.0",
  install: (container) => provide(container, SslMethods, catganComponent),
});
export default plugin;
