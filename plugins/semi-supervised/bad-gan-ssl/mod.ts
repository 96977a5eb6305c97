/** The plugin `bad-gan-ssl`. @module */
import { Applications, definePlugin, type Plugin, provide } from "../../../core/mod.ts";
import { badGanSslComponent } from "./bad-gan-ssl.ts";

export { badGanSsl } from "./bad-gan-ssl.ts";

const plugin: Plugin = definePlugin({
  name: "bad-gan-ssl",
  core: "^0.1.0",
  install: (container) => provide(container, Applications, badGanSslComponent),
});
export default plugin;
