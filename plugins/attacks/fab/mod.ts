/** The plugin `fab`. @module */
import { Attacks, definePlugin, type Plugin, provide } from "../../../core/mod.ts";
import { fabComponent } from "./fab.ts";

export { fab } from "./fab.ts";

const plugin: Plugin = definePlugin({
  name: "fab",
  core: "^0.1.0",
  install: (container) => provide(container, Attacks, fabComponent),
});
export default plugin;
