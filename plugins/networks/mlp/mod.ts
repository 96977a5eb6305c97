/** The plugin `mlp`. @module */
import { definePlugin, Networks, type Plugin, provide } from "../../../core/mod.ts";
import { mlpComponent } from "./mlp.ts";

export { mlp } from "./mlp.ts";

const plugin: Plugin = definePlugin({
  name: "mlp",
  core: "^0.1.0",
  install: (container) => provide(container, Networks, mlpComponent),
});
export default plugin;
