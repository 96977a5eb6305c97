/** The plugin `auto-attack`. @module */
import { Attacks, definePlugin, type Plugin, provide } from "../../../core/mod.ts";
import { autoAttackComponent } from "./auto-attack.ts";

export { autoAttack } from "./auto-attack.ts";

const plugin: Plugin = definePlugin({
  name: "auto-attack",
  core: "^0.1.0",
  install: (container) => provide(container, Attacks, autoAttackComponent),
});
export default plugin;
