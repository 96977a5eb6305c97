/** The plugin `deepfool`. @module */
import { Attacks, definePlugin, type Plugin, provide } from "../../../core/mod.ts";
import { deepfoolComponent } from "./deepfool.ts";

export { deepfool } from "./deepfool.ts";

const plugin: Plugin = definePlugin({
  name: "deepfool",
  core: "^0.1.0",
  install: (container) => provide(container, Attacks, deepfoolComponent),
});
export default plugin;
