/** The plugin `wasm`. @module */
import { definePlugin, Engines, type Plugin, provide } from "../../../core/mod.ts";
import { wasmComponent } from "./wasm.ts";

export { wasm } from "./wasm.ts";

const plugin: Plugin = definePlugin({
  name: "wasm",
  core: "^0.1.0",
  install: (container) => provide(container, Engines, wasmComponent),
});
export default plugin;
