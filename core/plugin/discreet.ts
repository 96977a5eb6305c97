/**
 * What is told to whoever asks from outside: where files lie on this machine is not for them.
 *
 * @module
 */

/** Absolute paths of two names or more: in quotation marks up to the mark, otherwise up to a blank. */
const PATHS = [
  /(?<=(["'`]))(?:file:\/\/)?(?:\/|[a-z]:[\\/])(?:(?!\1|\n).)+[\\/](?:(?!\1|\n).)*(?=\1)/gi,
  /(?<![\w/.~:%-])(?:file:\/\/)?(?:\/|[a-z]:[\\/])[^\s"'`/\\]+[\\/][^\s"'`]*/gi,
];

/** What a reader knows already. */
export interface Known {
  /** What the reader has sent: paths that stand in it are no news. */
  readonly sent?: string;
  /** Where relative paths start: what lies below is called as seen from there. */
  readonly base?: URL;
}

/** A text whose absolute paths tell their last name alone, except those that its reader knows. */
export function discreet(text: string, { sent = "", base }: Known = {}): string {
  const told = (path: string): string => {
    // A path ends where a sentence, or what stands around it, goes on.
    const end = /[:,;.)\]}]*(?::\d+)*[:,;.)\]}]*$/.exec(path)?.[0] ?? "";
    const bare = path.slice(0, path.length - end.length);
    return sent.includes(bare)
      ? path
      : `…/${bare.split(/[\\/]/).findLast((name) => name !== "") ?? ""}${end}`;
  };
  return PATHS.reduce((rest, pattern) => rest.replace(pattern, told), seenFrom(base, text));
}

/** A text in which what lies below a folder is called as seen from there. */
function seenFrom(base: URL | undefined, text: string): string {
  if (base?.protocol !== "file:") return text;
  const folder = new URL(".", base);
  const [path, href] = [decodeURIComponent(folder.pathname), folder.href];
  return path === "/" ? text : text.replaceAll(href, "").replaceAll(path, "");
}
