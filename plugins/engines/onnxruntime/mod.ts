/** The plugin `onnxruntime`. @module */
import { definePlugin, Engines, type Plugin, provide } from "../../../core/mod.ts";
import { onnxruntimeComponent } from "./onnxruntime.ts";

export { onnxruntime } from "./onnxruntime.ts";

const plugin: Plugin = definePlugin({
  name: "onnxruntime",
  core: "^0.1.0",
  install: (container) => provide(container, Engines, onnxruntimeComponent),
});
export default plugin;
