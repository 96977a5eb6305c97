/**
 * `dsgan new plugin`: the package of a new plugin, which passes its own test at once.
 *
 * @module
 */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { InputError, messageOf, unknownName } from "../../../core/mod.ts";
import { minimumNode, version } from "../package.ts";
import { attack, classifier, sslMethod } from "./classifying.ts";
import { dataset, download, store } from "./data.ts";
import { pluginFiles } from "./files.ts";
import { measure, mixer, network, objective, optimizer, target } from "./gan.ts";
import { application, engine, painter } from "./host.ts";
import { jobs } from "./jobs.ts";
import { robustnessMeasure } from "./robustness-measure.ts";
import { scorer } from "./scorer.ts";
import { search } from "./search.ts";
import type { Template } from "./template.ts";

/** Templates by the contract's kind. */
export const TEMPLATES: Readonly<Record<string, Template>> = {
  application,
  attack,
  classifier,
  dataset,
  download,
  engine,
  jobs,
  measure,
  mixer,
  network,
  objective,
  optimizer,
  painter,
  "robustness-measure": robustnessMeasure,
  scorer,
  search,
  "ssl-method": sslMethod,
  store,
  target,
};

/**
 * Writes a plugin's package into a new folder.
 * @param name lower case, words joined by dashes: what scenarios will call the component
 * @param folder where to; one named like the plugin unless given
 * @returns the exit code
 * @throws InputError where there is no such contract, the name will not do, or the folder is not empty
 */
export function newPluginCommand(
  kind: string,
  name: string,
  { folder = name }: { readonly folder?: string },
): number {
  if (!Object.hasOwn(TEMPLATES, kind)) {
    throw new InputError(unknownName("contract", kind, Object.keys(TEMPLATES)));
  }
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) {
    throw new InputError(
      `${JSON.stringify(name)} is no name for a plugin: use lower case, words joined by dashes`,
    );
  }
  if (existsSync(folder) && readdirSync(folder).length > 0) {
    throw new InputError(`${folder} is there already, and not empty: choose another name, or --folder`);
  }
  const files = pluginFiles(name, kind, TEMPLATES[kind]!, { dsgan: version(), node: minimumNode() });
  try {
    for (const [path, text] of files) {
      mkdirSync(join(folder, dirname(path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
  } catch (error) {
    throw new InputError(`${folder}: cannot be written: ${messageOf(error)}`, { cause: error });
  }
  process.stdout.write(
    `${folder}: a plugin with ${TEMPLATES[kind]!.what} named ${name}. Next:\n\n` +
      `  cd ${folder}\n  npm install\n  npm test      # its contract, its options, its scenario\n` +
      `  npm start     # runs scenario.yaml\n`,
  );
  return 0;
}
