/** The plugin `ct-gan`. @module */
import { definePlugin, type Plugin, provide } from "../../../core/mod.ts";
import { SslMethods } from "../method.ts";
import { ctGanComponent } from "./ct-gan.ts";

export { ctGan } from "./ct-gan.ts";

const plugin: Plugin = definePlugin({
  name: "ct-gan",
  core: "^0.1.0",
  install: (container) => provide(container, SslMethods, ctGanComponent),
});
export default plugin;
