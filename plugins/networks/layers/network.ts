/**
 * Networks of layers, one after the other.
 *
 * @module
 */
import type { FlattenedAxis, Key, Mode, Network, NetworkPorts } from "../../../core/mod.ts";
import { InputError, sizeOf, tf } from "../../../core/mod.ts";
import { tanhInto } from "./activations.ts";
import type { Layer, LayerPlan, Shape } from "./layer.ts";

/** The layers of a network. */
export interface Layers {
  /** Name of the architecture, for messages. */
  readonly name: string;
  readonly body: readonly LayerPlan[];
  /** Layers behind the body. Where there are any, what lies between is the network's feature space. */
  readonly head?: readonly LayerPlan[];
  /** What is done to the output at last: {@link tanhInto} the range of the port unless given, nothing where it has none. */
  readonly squash?: (x: tf.Tensor) => tf.Tensor;
}

/**
 * Builds a network of layers. Layers that have parameters or state are numbered from the input, which gives these their names:
 * `0/weight`, `0/bias`, `1/weight`, …
 * @param ports shapes at both ends, without the batch axis
 * @param key the parameters are drawn from it, each layer's from a key of its own
 * @throws InputError where a layer cannot take what the one before it gives, or the last misses the output's shape
 * @example
 * ```ts
 * import { component, type NetworkPlan, Networks } from "dsgan";
 * import { affine, conv2d, dense, flatten, networkOf, relu, reshape } from "dsgan/networks";
 *
 * function oneConvolution(): NetworkPlan {
 *   return {
 *     name: "one-convolution",
 *     build(ports, key) {
 *       const units = ports.output.reduce((product, n) => product * n, 1);
 *       const body = [affine(conv2d(8, { size: 3, padding: 1 }), { init: "he" }), relu, flatten];
 *       const head = [affine(dense(units), { init: "glorot" }), reshape(ports.output)];
 *       return networkOf({ name: "one-convolution", body, head }, ports, key);
 *     },
 *   };
 * }
 *
 * export default component(Networks, {
 *   name: "one-convolution",
 *   summary: "A convolution and a dense layer",
 *   create: oneConvolution,
 * });
 * ```
 */
export function networkOf({ name, body, head = [], squash }: Layers, ports: NetworkPorts, key: Key): Network {
  const layers: Layer[] = [];
  let shape: Shape = ports.input;
  const held = (): tf.Variable[] =>
    layers.flatMap(({ parameters, state }) => [...Object.values({ ...parameters, ...state })]);
  try {
    for (const plan of [...body, ...head]) {
      const layer = plan(shape, key.fold(layers.filter(hasVariables).length));
      layers.push(layer);
      shape = layer.output;
    }
    if (`${shape}` !== `${ports.output}`) {
      throw new InputError(`its output is [${shape}], but its place asks for [${ports.output}]`);
    }
  } catch (error) {
    tf.dispose(held());
    if (!(error instanceof InputError)) throw error;
    throw new InputError(`network "${name}" of input [${ports.input}]: ${error.message}`, { cause: error });
  }

  const numbered = layers.filter(hasVariables);
  const named = (group: "parameters" | "state"): Map<string, tf.Variable> =>
    new Map(
      numbered.flatMap((layer, i) =>
        Object.entries(layer[group] ?? {}).map(([name, variable]) => [`${i}/${name}`, variable]),
      ),
    );
  /** The layers from one number to before another, each with a key of its own. */
  const run = (x: tf.Tensor, mode: Mode, from: number, to: number): tf.Tensor =>
    layers.slice(from, to).reduce((y, layer, i) => layer.apply(y, modeOf(mode, from + i)), x);

  const flattened = flattenedIn(layers, ports.input);
  const n = layers.length;
  const finish = squash ?? (ports.range === undefined ? (x: tf.Tensor) => x : tanhInto(ports.range));
  const preparing = layers.filter(({ prepare }) => prepare !== undefined);
  return {
    inputShape: ports.input,
    outputShape: ports.output,
    parameters: named("parameters"),
    state: named("state"),
    ...(flattened.size > 0 && { flattened }),
    apply: (x, mode) => finish(run(x, mode, 0, n)),
    ...(head.length > 0 && {
      features: {
        shape: layers[body.length - 1]?.output ?? ports.input,
        of: (x, mode) => run(x, mode, 0, body.length),
        head: (f, mode) => finish(run(f, mode, body.length, n)),
      },
    }),
    ...(layers.some((layer) => layer.couplesRows) && { couplesRows: true }),
    ...(preparing.length > 0 && { prepare: () => preparing.forEach((layer) => void layer.prepare!()) }),
    ...(layers.some(({ initialize }) => initialize !== undefined) && {
      initialize(x, noise) {
        tf.tidy(() => {
          layers.reduce((y, layer, i) => {
            const mode = modeOf({ training: true, key: noise }, i);
            return layer.initialize?.(y, mode) ?? layer.apply(y, mode);
          }, x);
        });
      },
    }),
    dispose: () => tf.dispose(held()),
  };
}

/** What counts the values of an image that lie in a row: of a layer behind one that flattens, whatever is between. */
function flattenedIn(layers: readonly Layer[], input: Shape): Map<string, FlattenedAxis> {
  const found = new Map<string, FlattenedAxis>();
  let numbered = 0;
  let before = input;
  let image: Shape | undefined;
  for (const layer of layers) {
    const { output, inputAxes = {}, mixes = false } = layer;
    if (image !== undefined) {
      for (const [name, axis] of Object.entries(inputAxes)) found.set(`${numbered}/${name}`, { axis, image });
    }
    if (before.length === 3 && output.length === 1 && sizeOf(before) === output[0]) image = before;
    else if (mixes || `${output}` !== `${before}`) image = undefined;
    if (hasVariables(layer)) numbered++;
    before = output;
  }
  return found;
}

function hasVariables({ parameters, state }: Layer): boolean {
  return parameters !== undefined || state !== undefined;
}

/** The mode of one layer: its noise is its own. */
function modeOf(mode: Mode, i: number): Mode {
  return mode.training && mode.key !== undefined ? { training: true, key: mode.key.fold(i) } : mode;
}
