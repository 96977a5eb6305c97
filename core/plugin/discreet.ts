/**
 * What is told to whoever asks from outside: where files lie on this machine is not for them.
 *
 * @module
 */

/**
 * Absolute paths: in quotation marks up to the mark, otherwise up to a blank. Each character is looked at a few times at
 * most, whatever the text.
 */
const PATH =
  /(?<=(["'`]))(?:file:\/\/)?(?:\/|[a-z]:[\\/])(?:(?!\1|\n).)*(?=\1)|(?<![\w/.~:%-])(?:file:\/\/)?(?:\/|[a-z]:[\\/])[^\s"'`]*/gi;

/** A path of two names or more: `/x` says nothing of a machine. */
const LONG = /^(?:file:\/\/)?(?:\/|[a-z]:[\\/])[^/\\]+[\\/]/i;

/** Paths of one text that are looked for in what its reader has sent: a text of thousands is made to take long. */
const MOST_LOOKED_UP = 100;

/** What a reader knows already. */
export interface Known {
  /** What the reader has sent: paths that stand in it are no news. */
  readonly sent?: string;
  /** Where relative paths start: what lies below is called as seen from there. */
  readonly base?: URL;
  /** Whether a path is no news either. */
  readonly isKnown?: (path: string) => boolean;
}

/** A text whose absolute paths tell their last name alone, except those that its reader knows. */
export function discreet(text: string, { sent = "", base, isKnown = () => false }: Known = {}): string {
  let left = MOST_LOOKED_UP;
  const told = (path: string): string => {
    if (!LONG.test(path)) return path;
    const end = endOf(path);
    const bare = path.slice(0, end);
    return (left-- > 0 && sent.includes(bare)) || isKnown(bare)
      ? path
      : `…/${bare.split(/[\\/]/).findLast((name) => name !== "") ?? ""}${path.slice(end)}`;
  };
  return seenFrom(base, text).replace(PATH, told);
}

/** Where a path ends, before what stands around it: marks of the sentence, the line and the column. */
function endOf(path: string): number {
  let end = path.length;
  for (;;) {
    while (":,;.)]}".includes(path[end - 1] ?? " ")) end--;
    let digits = end;
    while (/\d/.test(path[digits - 1] ?? "")) digits--;
    if (digits === end || path[digits - 1] !== ":") return end;
    end = digits - 1;
  }
}

/** A text in which what lies below a folder is called as seen from there. */
function seenFrom(base: URL | undefined, text: string): string {
  if (base?.protocol !== "file:") return text;
  const folder = new URL(".", base);
  const [path, href] = [decodeURIComponent(folder.pathname), folder.href];
  return path === "/" ? text : text.replaceAll(href, "").replaceAll(path, "");
}
