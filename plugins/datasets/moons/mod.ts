/** The plugin `moons`. @module */
import { Datasets, definePlugin, type Plugin, provide } from "../../../core/mod.ts";
import { moonsComponent } from "./moons.ts";

export { moons } from "./moons.ts";

const plugin: Plugin = definePlugin({
  name: "moons",
  core: "^0.1.0",
  install: (container) => provide(container, Datasets, moonsComponent),
});
export default plugin;
