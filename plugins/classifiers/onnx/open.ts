/**
 * Opens a file for the images that it is to classify.
 *
 * @module
 */
import { type ClassifierPlace, InputError, messageOf } from "../../../core/mod.ts";
import { files, pathOf } from "../parts/read.ts";
import { Elem, isCoarse, isReal } from "./elem.ts";
import { decodeModel, type FileNode, type Graph, type OnnxModel, type Port } from "./file.ts";
import { type Gives, type Head, headOf } from "./head.ts";
import { batchOf, type Entrance, entranceOf } from "./layout.ts";
import { nodesFor, type Program, programOf, requireOperators } from "./program.ts";
import { weightsOf } from "./weights.ts";

/** A graph that is open. */
export interface OpenGraph {
  readonly location: URL;
  /** For messages. */
  readonly path: string;
  readonly bytes: Uint8Array;
  /** SHA-256 of its files, by name. */
  readonly hashes: Readonly<Record<string, string>>;
  readonly port: Port;
  readonly head: Head;
  readonly entrance: Entrance;
  /** Images that it takes at a time; undefined where it takes any number. */
  readonly size: number | undefined;
  /** Whether the value compared is among the file's outputs. */
  readonly declared: boolean;
  /** Whether weights lie beside the file. */
  readonly external: boolean;
  /** Whether it computes with less than single floats. */
  readonly coarse: boolean;
  /** Whether it has doubles or bfloat16, which ONNX Runtime computes little with. */
  readonly rare: boolean;
  /** Whether it rounds values in flight. */
  readonly quantized: boolean;
  /** Gives the values of logits and of the output. */
  readonly program: Program;
}

/** How it is to be opened. */
export interface Opening {
  readonly outputName?: string | undefined;
  readonly output: Gives;
  readonly channelsFirst?: boolean | undefined;
}

/** Opens a file. @throws InputError naming it, and what about it will not do */
export async function openGraph(location: URL, how: Opening, place: ClassifierPlace): Promise<OpenGraph> {
  const path = pathOf(location);
  const reader = files();
  const bytes = await reader.read(location);
  const model = { ...decoded(bytes, path), path };
  const { graph } = model;
  const port = inputOf(model);
  const head = headOf(graph, how.outputName, how.output, path);
  const wanted = [head.value, head.output];
  const nodes = nodesFor(graph, wanted, path);
  requireOperators(nodes, model);
  const entrance = entranceOf(port, place, how.channelsFirst, path);
  const valuesOf = await weightsOf(graph, nodes, location, path, reader);
  const dynamic = nodes.some(({ op }) => op === "DynamicQuantizeLinear");
  const quantized = dynamic || nodes.some(({ op }) => op === "QuantizeLinear");
  const elems = elemsOf(graph, nodes, port);
  return {
    ...{ location, path, bytes, port, head, entrance, quantized, hashes: reader.hashes },
    // what it rounds to depends on all that it is given
    size: batchOf(port) ?? (dynamic ? 1 : undefined),
    declared: graph.outputs.some(({ name }) => name === head.output),
    external: [...graph.initializers.values()].some(({ external }) => external !== undefined),
    coarse: quantized || elems.some(isCoarse),
    rare: elems.includes(Elem.double) || elems.includes(Elem.bfloat16),
    program: programOf(nodes, wanted, { ...model, valuesOf }),
  };
}

function decoded(bytes: Uint8Array, path: string): OnnxModel {
  try {
    return decodeModel(bytes);
  } catch (cause) {
    throw new InputError(`${path}: is no ONNX file that can be read: ${messageOf(cause)}`, { cause });
  }
}

/** Types of its numbers: of its constants, its input, and what it casts to. */
function elemsOf({ initializers }: Graph, nodes: readonly FileNode[], port: Port): number[] {
  const cast = nodes.flatMap(({ op, attributes }) =>
    op === "Cast" ? (attributes.get("to")?.int ?? []) : [],
  );
  const constants = nodes.flatMap(({ attributes }) => attributes.get("value")?.tensor?.elem ?? []);
  return [...initializers.values(), port].map(({ elem }) => elem ?? 0).concat(cast, constants);
}

/** The one input. @throws InputError where there are more, or it is not of real numbers */
function inputOf({ graph, path }: OnnxModel & { readonly path: string }): Port {
  const [port, ...more] = graph.inputs;
  if (port === undefined || more.length > 0) {
    const names = graph.inputs.map(({ name }) => `"${name}"`).join(", ");
    throw new InputError(
      `${path}: a classifier has one input, this graph has ${graph.inputs.length} (${names}): export the others as constants`,
    );
  }
  if (!realElem(port.elem)) {
    throw new InputError(
      `${path}: its input "${port.name}" takes whole numbers (type ${port.elem}): attacks need a slope. Export the ` +
        "network without its first step, with an input of floats",
    );
  }
  return port;
}

function realElem(elem: number | undefined): boolean {
  try {
    return elem === undefined || isReal(elem);
  } catch {
    return false;
  }
}
