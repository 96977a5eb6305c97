/**
 * Markdown files that a run kept, as part of the page. Headings, tables, lists and paragraphs are laid out; all other
 * Markdown is shown as its text.
 *
 * @module
 */
import { InputError } from "../../core/plugin/errors.ts";
import type { RunReader } from "../../core/run/store.ts";
import { type Content, type Html, html } from "./html.ts";
import type { RunRecord } from "./record.ts";
import { table } from "./sections.ts";

/** Every Markdown file that the run kept. */
export async function markdown(
  { artifacts }: Pick<RunRecord, "artifacts">,
  reader: RunReader,
): Promise<Html[]> {
  const pages: Html[] = [];
  for (const { path, title } of artifacts.filter((artifact) => /\.md$/i.test(artifact.path))) {
    try {
      const text = new TextDecoder().decode(await reader.read(path));
      pages.push(html`<div>${blocks(text)}</div>`);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      pages.push(html`<p class="gone">${title}: <code>${path}</code> is no longer there.</p>`);
    }
  }
  return pages;
}

/** The blocks of a text, separated by empty lines. */
function blocks(text: string): Content {
  return text
    .split(/\n\s*\n/)
    .filter((block) => block.trim() !== "")
    .map((block) => {
      const lines = block.trim().split("\n");
      const [first] = lines as [string];
      if (lines.length === 1 && /^#+ /.test(first)) return html`<h3>${first.replace(/^#+ /, "")}</h3>`;
      if (lines.every((line) => line.startsWith("- "))) {
        return html`<ul>${lines.map((line) => html`<li>${line.slice(2)}</li>`)}</ul>`;
      }
      if (lines.length > 1 && lines.every((line) => /^\|.*\|$/.test(line))) {
        const [head, , ...rows] = lines.map(cells);
        return table(
          head!,
          rows.map(
            ([name, ...values]) => html`
<tr><th scope="row">${name}</th>${values.map((value) => html`<td>${value}</td>`)}</tr>`,
          ),
        );
      }
      return html`<p>${block.trim()}</p>`;
    });
}

function cells(line: string): string[] {
  return line
    .slice(1, -1)
    .split("|")
    .map((cell) => cell.trim());
}
