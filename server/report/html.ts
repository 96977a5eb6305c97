/**
 * HTML from templates: whatever is put in is escaped, unless a template made it.
 *
 * @module
 */

// No JSON has this key, so no file can pass for HTML.
const markup: unique symbol = Symbol("markup");

/** A piece of HTML. */
export interface Html {
  readonly [markup]: string;
}

/** Content of a template: text is escaped, lists are joined, undefined and false leave nothing. */
export type Content = Html | string | number | undefined | false | readonly Content[];

/** The tag of templates, e.g. `` html`<td>${value}</td>` ``. Attributes need double quotes. */
export function html(parts: TemplateStringsArray, ...contents: readonly Content[]): Html {
  return { [markup]: parts.map((part, i) => part + textOf(contents[i])).join("") };
}

/** The text of a piece of HTML. */
export function render(piece: Html): string {
  return piece[markup];
}

/** Text as HTML, unescaped: for style sheets, never for text from a file. */
export function verbatim(text: string): Html {
  return { [markup]: text };
}

function textOf(content: Content): string {
  if (content === undefined || content === false) return "";
  if (typeof content === "string" || typeof content === "number") return escaped(String(content));
  return markup in content ? content[markup] : content.map(textOf).join("");
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (letter) => entities[letter]!);
}
