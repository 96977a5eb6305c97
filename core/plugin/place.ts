/**
 * Places: what paths and URLs mean.
 *
 * @module
 */

/** Two letters at least before the colon: one is a drive of Windows. Without slashes, only schemes that have none. */
const URL_TEXT = /^(?:[a-z][a-z0-9+.-]+:\/\/|(?:data|blob|file|node|npm|jsr):)/i;

/**
 * Characters that mean something else in a URL than in a path. Blanks are among them: those at a URL's ends are dropped. So
 * is `|`, which after one letter makes a drive of Windows.
 */
const SPECIAL = /[%\\?#|\0-\x20]/g;

/** The location that a path or a URL means, relative ones to `base`; in a path, no character is special but `/`. */
export function locate(path: string, base: URL): URL {
  return URL_TEXT.test(path) ? new URL(path, base) : locatePath(path, base);
}

/** The location of a path, whatever characters it is made of. */
export function locatePath(path: string, base: URL): URL {
  const encoded = path.replace(SPECIAL, encodeURIComponent).replace(/^\/+/, "/");
  return new URL(/^[./]/.test(encoded) ? encoded : `./${encoded}`, base);
}

/** A file in a folder, whether or not the folder's URL ends with a slash. */
export function inFolder(folder: URL, path: string): URL {
  return locatePath(path, folder.href.endsWith("/") ? folder : new URL(`${folder.href}/`));
}
