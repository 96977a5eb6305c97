/** The plugin `carlini-wagner`. @module */
import { Attacks, definePlugin, type Plugin, provide } from "../../../core/mod.ts";
import { carliniWagnerComponent } from "./carlini-wagner.ts";

export { carliniWagner } from "./carlini-wagner.ts";

const plugin: Plugin = definePlugin({
  name: "carlini-wagner",
  core: "^0.1.0",
  install: (container) => provide(container, Attacks, carliniWagnerComponent),
});
export default plugin;
