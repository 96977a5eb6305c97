/**
 * The files of a model: `model.json` and the weights that it names.
 *
 * @module
 */
import { InputError, locatePath, messageOf, type tf } from "../../../core/mod.ts";
import { type Files, pathOf } from "../parts/read.ts";
import { graphModel } from "./graph.ts";
import { layersModel } from "./layers.ts";
import type { Model } from "./model.ts";

/** What `model.json` holds. */
interface ModelJson {
  readonly format?: string;
  readonly modelTopology: object;
  readonly weightsManifest: readonly {
    readonly paths: readonly string[];
    readonly weights: tf.io.WeightsManifestEntry[];
  }[];
  readonly signature?: object;
  readonly userDefinedMetadata?: object;
}

/** Loads a model of either kind. @throws InputError naming the file and what is wrong with it */
export async function loadModel(url: URL, { read }: Files): Promise<Model> {
  const text = new TextDecoder().decode(await read(url));
  try {
    const json = JSON.parse(text) as ModelJson;
    const artifacts = await artifactsOf(json, url, read);
    const isGraph =
      json.format === "graph-model" ||
      !("model_config" in json.modelTopology || "config" in json.modelTopology);
    return isGraph ? await graphModel(artifacts) : await layersModel(artifacts);
  } catch (cause) {
    throw notLoaded(url, cause);
  }
}

/** What went wrong, with the file and without the invitation to file an issue elsewhere. */
export function notLoaded(url: URL, cause: unknown): InputError {
  const path = pathOf(url);
  const message = messageOf(cause).replace(/\. File an issue at .*$/s, "");
  if (message.startsWith(path) || (cause instanceof InputError && message.startsWith(url.href))) {
    return cause as InputError;
  }
  const what = cause instanceof InputError ? "" : "cannot be loaded as a TensorFlow.js model: ";
  return new InputError(`${path}: ${what}${message}`, { cause });
}

/** All that is in the folder, as tfjs wants it. */
async function artifactsOf(json: ModelJson, url: URL, read: Files["read"]): Promise<tf.io.ModelArtifacts> {
  const parts: Uint8Array[] = [];
  for (const { paths } of json.weightsManifest) {
    for (const path of paths) parts.push(await read(shardOf(path, url)));
  }
  return {
    modelTopology: json.modelTopology,
    weightSpecs: json.weightsManifest.flatMap(({ weights }) => weights),
    weightData: parts.map((part) => part.slice().buffer as ArrayBuffer),
    ...(json.signature && { signature: json.signature }),
    ...(json.userDefinedMetadata && {
      userDefinedMetadata: json.userDefinedMetadata as Record<string, object>,
    }),
    ...(json.format !== undefined && { format: json.format }),
  };
}

/** Where a file of weights lies: a name beside `model.json`; over HTTP, the query of that goes with it, as in tfjs. */
function shardOf(path: string, url: URL): URL {
  if (url.protocol === "file:") return locatePath(path, url);
  const shard = new URL(path, url);
  shard.search ||= url.search;
  return shard;
}
