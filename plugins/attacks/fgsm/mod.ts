/** The plugin `fgsm`. @module */
import { Attacks, definePlugin, type Plugin, provide } from "../../../core/mod.ts";
import { fgsmComponent } from "./fgsm.ts";

export { fgsm } from "./fgsm.ts";

const plugin: Plugin = definePlugin({
  name: "fgsm",
  core: "^0.1.0",
  install: (container) => provide(container, Attacks, fgsmComponent),
});
export default plugin;
