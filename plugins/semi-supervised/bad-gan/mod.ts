/** The plugin `bad-gan`. @module */
import { definePlugin, type Plugin, provide } from "../../../core/mod.ts";
import { SslMethods } from "../method.ts";
import { badGanComponent } from "./bad-gan.ts";

export { badGan } from "./bad-gan.ts";

const plugin: Plugin = definePlugin({
  name: "bad-gan",
  core: "^0.1.0",
  install: (container) => provide(container, SslMethods, badGanComponent),
});
export default plugin;
