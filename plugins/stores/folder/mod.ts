/** The plugin `folder`. @module */
import { definePlugin, type Plugin, provide, Stores } from "../../../core/mod.ts";
import { folderComponent } from "./folder.ts";

export { folderStore } from "./folder.ts";

const plugin: Plugin = definePlugin({
  name: "folder",
  core: "^0.1.0",
  install: (container) => provide(container, Stores, folderComponent),
});
export default plugin;
