/**
 * Embeds the page in a module, from which hosts without a disk serve it: `npm run page` after a change of it, and
 * `npm run page:check` tells whether the module is current.
 *
 * @module
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Loader, transform } from "esbuild";
import { pageFiles } from "../../server/http/page-files.ts";

/** The module that is written. */
export const ASSETS: string = fileURLToPath(new URL("../../server/http/assets.ts", import.meta.url));

/** The module of the page's files as they are now. */
export async function embeddedPage(): Promise<string> {
  const files = await Promise.all(
    [...pageFiles()].map(
      async ([path, text]) =>
        `  ${JSON.stringify(path)}:\n    ${JSON.stringify(await minified(path, text))},`,
    ),
  );
  return `/**
 * The page's files by path, made smaller. Written by \`npm run page\`.
 *
 * @module
 */

/** Text by path. */
export const FILES: Readonly<Record<string, string>> = {
${files.join("\n")}
};
`;
}

/** Each file stays a module of its own: they are asked for by name. */
async function minified(path: string, text: string): Promise<string> {
  const loader = path.split(".").at(-1) as Loader;
  if (loader !== ("js" satisfies Loader) && loader !== "css") return text;
  const { code } = await transform(text, { loader, minify: true, target: "es2022", legalComments: "inline" });
  return code;
}

if (import.meta.main) {
  const text = await embeddedPage();
  if (process.argv.includes("--check")) {
    if (readFileSync(ASSETS, "utf8") !== text) {
      console.error("server/http/assets.ts is not the page as it is now: npm run page");
      process.exitCode = 1;
    }
  } else writeFileSync(ASSETS, text);
}
