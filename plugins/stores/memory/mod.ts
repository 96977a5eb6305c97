/** The plugin `memory`. @module */
import { definePlugin, type Plugin, provide, Stores } from "../../../core/mod.ts";
import { memoryComponent } from "./memory.ts";

export { memoryStore } from "./memory.ts";

const plugin: Plugin = definePlugin({
  name: "memory",
  core: "^0.1.0",
  install: (container) => provide(container, Stores, memoryComponent),
});
export default plugin;
