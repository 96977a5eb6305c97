/** The plugin `adversarial-training`. @module */
import { Applications, definePlugin, type Plugin, provide } from "../../../core/mod.ts";
import { adversarialTrainingComponent } from "./component.ts";

export { adversarialTraining } from "./adversarial-training.ts";

const plugin: Plugin = definePlugin({
  name: "adversarial-training",
  core: "^0.1.0",
  install: (container) => provide(container, Applications, adversarialTrainingComponent),
});
export default plugin;
