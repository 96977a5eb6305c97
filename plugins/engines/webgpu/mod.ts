/** The plugin `webgpu`. @module */
import { definePlugin, Engines, type Plugin, provide } from "../../../core/mod.ts";
import { webgpuComponent } from "./webgpu.ts";

export { webgpu } from "./webgpu.ts";

const plugin: Plugin = definePlugin({
  name: "webgpu",
  core: "^0.1.0",
  install: (container) => provide(container, Engines, webgpuComponent),
});
export default plugin;
