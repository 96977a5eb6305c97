/**
 * Models in ONNX's format, as PyTorch, Keras and most other frameworks export them. The graph is mapped to TensorFlow.js's
 * operations: it has gradients, and runs on every engine.
 * https://onnx.ai/onnx/repo-docs/IR.html
 *
 * @module
 */
import {
  type Classifier,
  type ClassifierPlace,
  type ClassifierSource,
  ClassifierSources,
  classifierOf,
  component,
  type Key,
  type Preprocessing,
  parseOptions,
  path,
  preprocessingOptions,
  preprocessorOf,
  tf,
  z,
} from "../../../core/mod.ts";
import { locationOf } from "../parts/read.ts";
import { areShares, type Given, logitsOf } from "./head.ts";
import { type OpenGraph, openGraph } from "./open.ts";
import type { RunGraph } from "./rows.ts";
import { rowsOf, runOf, verified } from "./verify.ts";

const options = z.strictObject({
  file: path().describe(
    "The ONNX file: a path from the scenario, or a URL. Files of its weights lie beside it.",
  ),
  outputName: z
    .string()
    .min(1)
    .optional()
    .describe(
      "The output that has a number for each class, or another value of the graph; needed where there are several.",
    ),
  output: z
    .enum(["auto", "logits", "probabilities", "sigmoids"])
    .default("auto")
    .describe(
      "What that output is. `auto` takes what goes into a softmax or a sigmoid at the end of the graph, and the " +
        "logarithm where rows are shares of 1; `sigmoids` are a probability of its own for each class, of which log(p / (1 − p)) " +
        "is taken.",
    ),
  ...preprocessingOptions,
  channelsFirst: z
    .boolean()
    .optional()
    .describe(
      "Whether the graph wants [channels, height, width] rather than [height, width, channels]; by default what the " +
        "shape of its input says, and channels first where both would do.",
    ),
});

/** Options of {@link onnx}; a path starts at the working directory. */
export type OnnxOptions = Omit<z.input<typeof options>, "file"> & { readonly file: string | URL };

/** Images that a graph is tried on, unless it takes another number. */
const TRIED = 3;

/**
 * Opens an ONNX file as a classifier.
 * @example
 * ```ts no-run needs a file
 * import { onnx } from "dsgan/classifiers";
 *
 * const source = onnx({ file: "resnet18.onnx", mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225] });
 * ```
 */
export function onnx(given: OnnxOptions): ClassifierSource {
  const parts = parseOptions("onnx", options, { ...given, file: String(given.file) });
  return {
    name: "onnx",
    async *open(place, { key }) {
      const graph = await openGraph(locationOf(parts.file), parts, place);
      const preprocessing = { ...parts, channelsFirst: graph.entrance.turned };
      const made: tf.Tensor[] = [];
      try {
        const images = drawn(graph, place, preprocessing, key.fold("check"));
        made.push(images);
        const x = prepared(graph, place, preprocessing, images);
        made.push(x);
        const run = await runOf(graph, x);
        const unchecked = await verified(graph, run, x);
        if (unchecked !== undefined) yield warning(graph, `it was not checked: ${unchecked}`);
        if (graph.quantized) {
          yield warning(graph, "it rounds values in flight: slopes pass straight through, as if it did not");
        }
        const given =
          parts.output !== "auto"
            ? parts.output
            : areShares(await rowsOf(graph, run, x))
              ? "probabilities"
              : "logits";
        const classifier = classifierFor(graph, run, place, preprocessing, given);
        made.push(classifier.logits(images));
        await place.check?.(classifier);
        return classifier;
      } catch (error) {
        graph.program.dispose();
        throw error;
      } finally {
        tf.dispose(made);
      }
    },
  };
}

const warning = ({ path }: OpenGraph, message: string) =>
  ({ type: "warning", message: `${path}: ${message}` }) as const;

function classifierFor(
  { entrance, program, head, hashes }: OpenGraph,
  run: RunGraph,
  place: ClassifierPlace,
  preprocessing: Preprocessing,
  given: Given,
): Classifier {
  const classifier = classifierOf(
    place,
    preprocessing,
    entrance.networkShape,
    (x) => logitsOf(run(entrance.enter(x))[0]!, place.classes, head.without === undefined ? given : "logits"),
    program.dispose,
  );
  return { ...classifier, files: hashes };
}

/** Random images within the classifier's bounds. */
function drawn(
  { size = 1 }: OpenGraph,
  { inputShape, range }: ClassifierPlace,
  { bounds = range ?? [0, 1] }: Preprocessing, // without either, no classifier is made
  key: Key,
): tf.Tensor {
  return key.uniform([size > 1 ? size : TRIED, ...inputShape], ...bounds);
}

/** Images as they get to the graph. */
function prepared(
  { entrance }: OpenGraph,
  { name, inputShape }: ClassifierPlace,
  preprocessing: Preprocessing,
  images: tf.Tensor,
): tf.Tensor {
  return tf.tidy(() => preprocessorOf(name, inputShape, preprocessing, entrance.networkShape)(images));
}

/** How a scenario names it: `{ use: onnx, file: ./resnet18.onnx }`. */
export default component(ClassifierSources, {
  name: "onnx",
  summary: "An ONNX file, as PyTorch, Keras and others export it",
  options,
  create: (given, context) => onnx({ ...given, file: context.locate(given.file) }),
});
