/** The plugin `evaluate-robustness`. @module */
import { Applications, definePlugin, type Plugin, provide } from "../../../core/mod.ts";
import { evaluateRobustnessComponent } from "./evaluate-robustness.ts";

export { evaluateRobustness } from "./evaluate-robustness.ts";

const plugin: Plugin = definePlugin({
  name: "evaluate-robustness",
  core: "^0.1.0",
  install: (container) => provide(container, Applications, evaluateRobustnessComponent),
});
export default plugin;
