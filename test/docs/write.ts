/**
 * Writes the tables of options on the pages anew, from the schemas. Usage: `npm run docs`
 *
 * @module
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pages, root } from "./pages.ts";
import { pagesWithTables } from "./tables.ts";

for (const { path, text, current } of await pagesWithTables(pages())) {
  if (text === current) continue;
  writeFileSync(join(root, path), text);
  console.log(path);
}
