/** The plugin `feature-critic`. @module */
import { definePlugin, Networks, type Plugin, provide } from "../../../core/mod.ts";
import { featureCriticComponent } from "./feature-critic.ts";

export { featureCritic } from "./feature-critic.ts";

const plugin: Plugin = definePlugin({
  name: "feature-critic",
  core: "^0.1.0",
  install: (container) => provide(container, Networks, featureCriticComponent),
});
export default plugin;
