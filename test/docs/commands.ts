/**
 * Command lines that the documentation shows, in blocks and within sentences.
 *
 * @module
 */
import { blocksOf, type Page } from "./pages.ts";

/** A program and its arguments, as a shell would split them. */
export interface CommandLine {
  readonly page: string;
  readonly words: readonly string[];
}

/** The commands of a page. */
export function commandsOf({ path, text }: Page): CommandLine[] {
  const scripts = blocksOf(path, text).filter(({ language }) => language === "sh");
  const inline = text
    .replace(/^ *`{3,}[\s\S]*?^ *`{3,} *$/gm, "")
    .matchAll(/`((?:npx |npm run |npm )?[^`]+)`/g);
  return [...scripts.map(({ code }) => code), ...[...inline].map(([, code]) => code!.replaceAll("\n", " "))]
    .flatMap(split)
    .map((words) => ({ page: path, words }));
}

/** Splits a script into commands, and those into words. Of quoting it knows what the documentation uses. */
function split(script: string): string[][] {
  const commands: string[][] = [[]];
  const tokens = script
    .replaceAll("\\\n", " ")
    .matchAll(/(?<comment>(?<=^|\s)#.*)|(?<end>\n|&&|\|\||[;|])|(?<word>(?:"[^"]*"|'[^']*'|[^\s;|&"'])+)/g);
  for (const { groups } of tokens) {
    if (groups!.end !== undefined) commands.push([]);
    else if (groups!.word !== undefined)
      commands.at(-1)!.push(groups!.word.replace(/"([^"]*)"|'([^']*)'/g, "$1$2"));
  }
  return commands.filter(({ length }) => length > 0);
}

/** Arguments of `dsgan`, however it is called; undefined for another program. */
export function argumentsOfDsgan({ words }: CommandLine): readonly string[] | undefined {
  const line = words.join(" ");
  const start =
    /^(?:do )?(?:npx dsgan|npm run -s dsgan --|dsgan|deno run -A (?:server\/cli\/main\.ts|npm:dsgan\/cli)) /.exec(
      `${line} `,
    );
  return start === null ? undefined : words.slice(start[0].trim().split(" ").length);
}
