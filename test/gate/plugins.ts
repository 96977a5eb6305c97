/**
 * Writes `plugins/mod.ts`, the list of built-in plugins, from the folders that there are: in each, the module with a
 * default export. Usage: `npm run plugins`; `house.test.ts` checks that the list is current.
 *
 * @module
 */
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL("../../plugins/", import.meta.url));

/** Where the list is. */
export const LIST = `${here}mod.ts`;

/** Paths of the modules of all built-in plugins, from `plugins/`. @throws Error where a folder has none, or two */
export function pluginModules(): string[] {
  const exporting = globSync("*/*/*.ts", { cwd: here }).filter((path) =>
    /^export default /m.test(readFileSync(`${here}${path}`, "utf8")),
  );
  const folders = exporting.map((path) => dirname(path));
  const twice = folders.find((folder, i) => folders.indexOf(folder) !== i);
  if (twice !== undefined) throw new Error(`plugins/${twice} has two modules with a default export`);
  // folder by folder, as the formatter orders imports: `bad-gan` before `bad-gan-ssl`
  return exporting.sort((a, b) => (a.replaceAll("/", "\0") < b.replaceAll("/", "\0") ? -1 : 1));
}

/** The text of `mod.ts`. */
export function pluginList(): string {
  const modules = pluginModules().map((path) => ({ path, name: basename(dirname(path)) }));
  const variable = (name: string): string =>
    name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
  return [
    "/**",
    " * The plugins that come with dsgan. Written by `npm run plugins`. Only the composition roots import this list.",
    " *",
    " * @module",
    " */",
    'import { type Plugin, pluginOf } from "../core/mod.ts";',
    ...modules.map(({ path, name }) => `import ${variable(name)} from "./${path}";`),
    "",
    "/** All built-in plugins. */",
    "export const builtinPlugins: readonly Plugin[] = [",
    ...modules.map(({ name }) => `  pluginOf(${JSON.stringify(name)}, ${variable(name)}),`),
    "];",
    "",
  ].join("\n");
}

if (import.meta.main) writeFileSync(LIST, pluginList());
