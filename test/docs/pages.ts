/**
 * The pages of the documentation, read as Markdown: their blocks of code, links and headings.
 *
 * @module
 */
import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root: string = fileURLToPath(new URL("../..", import.meta.url));

/** A Markdown file of the repository. */
export interface Page {
  /** From the root, e.g. `plugins/README.md`. */
  readonly path: string;
  readonly text: string;
}

/** A fenced block of code. */
export interface Block {
  readonly page: string;
  /** Line of the code's first line, from 1. */
  readonly line: number;
  readonly language: string;
  /** What follows the language after the fence, e.g. `no-run needs a GPU`. */
  readonly info: string;
  readonly code: string;
}

/**
 * All README.md of the repository, and the other Markdown files that stand beside them; without those of examples that are
 * packages of their own, which are tested as such.
 */
export function pages(): Page[] {
  const paths = globSync("{README.md,.github/*.md,{core,plugins,server,scenarios,test}/**/*.md}", {
    cwd: root,
  });
  const packages = globSync("scenarios/**/package.json", { cwd: root }).map(dirname);
  const own = paths.filter((path) => !packages.some((other) => path.startsWith(`${other}/`)));
  return own.sort().map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));
}

/** The fenced blocks of a text. @param firstLine line of the text's first line in its file */
export function blocksOf(page: string, text: string, firstLine = 1): Block[] {
  const blocks: Block[] = [];
  let open: { fence: string; language: string; info: string; line: number; lines: string[] } | undefined;
  for (const [i, line] of text.split("\n").entries()) {
    const fence = /^ *(`{3,})(\S*) *(.*)$/.exec(line);
    if (open === undefined) {
      if (fence === null) continue;
      const [, marks, language, info] = fence;
      open = { fence: marks!, language: language!, info: info!, line: firstLine + i + 1, lines: [] };
    } else if (fence !== null && fence[1] === open.fence && fence[2] === "") {
      const { language, info, lines, line } = open;
      blocks.push({ page, line, language, info, code: `${lines.join("\n")}\n` });
      open = undefined;
    } else open.lines.push(line);
  }
  if (open !== undefined) throw new Error(`${page}:${open.line}: the block is never closed`);
  return blocks;
}

/** A text without what is code: there, brackets are no links. Lines stay where they are. */
function prose(text: string): string {
  const outside = text.split(/^( *`{3,}[\s\S]*?^ *`{3,}) *$/m);
  const blank = (code: string): string => code.replace(/[^\n]/g, " ");
  return outside.map((part, i) => (i % 2 === 1 ? blank(part) : part.replace(/`[^`\n]+`/g, blank))).join("");
}

/** Targets of a page's links and pictures. */
export function linksOf({ text }: Page): string[] {
  return [...prose(text).matchAll(/\]\(([^()\s]+)\)/g)].map(([, target]) => target!);
}

/** Names by which links can reach a page's headings, as GitHub makes them. */
export function anchorsOf({ text }: Page): string[] {
  const seen = new Map<string, number>();
  const headings = text.replace(/^ *`{3,}[\s\S]*?^ *`{3,} *$/gm, "").matchAll(/^#+ +(.+)$/gm);
  return [...headings].map(([, heading]) => {
    const plain = heading!.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const slug = plain.replace(/[^\p{L}\p{N}\p{M} _-]/gu, "").replaceAll(" ", "-");
    const again = seen.get(slug) ?? 0;
    seen.set(slug, again + 1);
    return again === 0 ? slug : `${slug}-${again}`;
  });
}
