/** The plugin `cpu`. @module */
import { definePlugin, Engines, type Plugin, provide } from "../../../core/mod.ts";
import { cpuComponent } from "./cpu.ts";

export { cpu } from "./cpu.ts";

const plugin: Plugin = definePlugin({
  name: "cpu",
  core: "^0.1.0",
  install: (container) => provide(container, Engines, cpuComponent),
});
export default plugin;
