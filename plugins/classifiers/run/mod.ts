/** The plugin `run`. @module */
import { Classifiers, definePlugin, type Plugin, provide } from "../../../core/mod.ts";
import { runComponent } from "./run.ts";

export { fromRun } from "./run.ts";

const plugin: Plugin = definePlugin({
  name: "run",
  core: "^0.1.0",
  install: (container) => provide(container, Classifiers, runComponent),
});
export default plugin;
