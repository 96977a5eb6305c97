/**
 * The frame of every report: one self-contained HTML page without scripts, which needs no network.
 *
 * @module
 */
import { type Html, html, render, verbatim } from "./html.ts";
import { style } from "./style.ts";

/** A whole document. */
export function page(title: string, body: Html): string {
  return render(html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>${title}</title>
<style>${verbatim(style)}</style>
</head>
<body>
${body}
<footer>Written by dsgan, Difference-Seeking GAN.</footer>
</body>
</html>
`);
}
