/** The plugin `idx`. @module */
import { Datasets, definePlugin, type Plugin, provide } from "../../../core/mod.ts";
import { idxComponent } from "./idx.ts";

export { labelsSchema, pixelRangeSchema, splitSchema } from "./idx.ts";
export {
  type IdxImagesOptions,
  idxImages,
  type PixelRange,
  type Split,
  type SplitFiles,
  scalingOf,
} from "./images.ts";

const plugin: Plugin = definePlugin({
  name: "idx",
  core: "^0.1.0",
  install: (container) => provide(container, Datasets, idxComponent),
});
export default plugin;
