/** The plugin `feature-matching`. @module */
import { definePlugin, type Plugin, provide } from "../../../core/mod.ts";
import { SslMethods } from "../method.ts";
import { featureMatchingComponent } from "./feature-matching.ts";

export { featureMatching } from "./feature-matching.ts";

const plugin: Plugin = definePlugin({
  name: "feature-matching",
  core: "^0.1.0",
  install: (container) => provide(container, SslMethods, featureMatchingComponent),
});
export default plugin;
