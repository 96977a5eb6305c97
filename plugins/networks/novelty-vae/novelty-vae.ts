/** Encoder, decoder and generator of codes for novelty detection. @module */
import { decoderComponent } from "./decoder.ts";
import { encoderComponent } from "./encoder.ts";
import { generatorComponent } from "./generator.ts";

export { type NoveltyDecoderOptions, noveltyDecoder } from "./decoder.ts";
export { type NoveltyEncoderOptions, noveltyEncoder } from "./encoder.ts";
export { type NoveltyGeneratorOptions, noveltyGenerator } from "./generator.ts";

export default [encoderComponent, decoderComponent, generatorComponent];
