/** Generator and classifier for semi-supervised learning on MNIST. @module */
import { classifierComponent } from "./classifier.ts";
import { generatorComponent } from "./generator.ts";

export { type MnistClassifierOptions, mnistClassifier } from "./classifier.ts";
export { type MnistGeneratorOptions, mnistGenerator } from "./generator.ts";

export default [classifierComponent, generatorComponent];
