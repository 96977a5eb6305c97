/** The plugin `ssl-mnist`. @module */
import { classifierComponent } from "./classifier.ts";
import { generatorComponent } from "./generator.ts";

export { mnistClassifier } from "./classifier.ts";
export { mnistGenerator } from "./generator.ts";

export default [classifierComponent, generatorComponent];
