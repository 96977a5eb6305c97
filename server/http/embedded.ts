/**
 * The page as it is part of this module: no host needs a disk to serve it.
 *
 * @module
 */
import { FILES } from "./assets.ts";
import type { PageFiles } from "./page.ts";

/** The embedded page. */
export const embedded: PageFiles = {
  read: (path) => (Object.hasOwn(FILES, path) ? FILES[path] : undefined),
};
