/** The plugin `pgd`, with its preset `bim`. @module */
import { Attacks, definePlugin, type Plugin, provide } from "../../../core/mod.ts";
import { bimComponent, pgdComponent } from "./pgd.ts";

export { pgd } from "./pgd.ts";

const plugin: Plugin = definePlugin({
  name: "pgd",
  core: "^0.1.0",
  install: (container) => provide(container, Attacks, pgdComponent, bimComponent),
});
export default plugin;
