/** The plugin `square`. @module */
import { Attacks, definePlugin, type Plugin, provide } from "../../../core/mod.ts";
import { squareComponent } from "./square.ts";

export { square } from "./square.ts";

const plugin: Plugin = definePlugin({
  name: "square",
  core: "^0.1.0",
  install: (container) => provide(container, Attacks, squareComponent),
});
export default plugin;
