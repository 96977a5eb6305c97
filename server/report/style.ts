/**
 * How the report looks: light and dark, wide and narrow.
 *
 * @module
 */

/** The page's style sheet. */
export const style = `
:root {
  color-scheme: light dark;
  --page: #ffffff; --panel: #f5f6f8; --line: #dfe2e7; --ink: #1c2128; --soft: #59636e;
  --good: #116329; --good-back: #dafbe1; --bad: #a40e26; --bad-back: #ffebe9;
  --warn: #7d4e00; --warn-back: #fff8c5; --calm: #24527a; --calm-back: #e3f0fb; --bar: #0072b2;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12161c; --panel: #1b212a; --line: #333c48; --ink: #e4e8ed; --soft: #9aa5b1;
    --good: #6fdd8b; --good-back: #12361f; --bad: #ff9a94; --bad-back: #4a1a1d;
    --warn: #eac54f; --warn-back: #3b2e0a; --calm: #8cc4f5; --calm-back: #16304a; --bar: #56b4e9;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 2rem 1.5rem 4rem; max-width: 68rem; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; overflow-wrap: break-word;
}
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 .5rem; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; }
p { margin: .4rem 0; }
code, pre { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .875em; }
pre {
  background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: .8rem 1rem; margin: .5rem 0;
  white-space: pre-wrap;
}
a { color: var(--calm); }
dl { margin: 0; }
dt { color: var(--soft); font-size: .85rem; }
dd { margin: 0; }
.description { color: var(--soft); white-space: pre-line; max-width: 46rem; }
.badge {
  display: inline-block; vertical-align: .18em; padding: .1em .7em; border-radius: 99px; font-size: .9rem; font-weight: 600;
  color: var(--calm); background: var(--calm-back);
}
.badge.passed { color: var(--good); background: var(--good-back); }
.badge.missed, .badge.failed { color: var(--bad); background: var(--bad-back); }
.badge.cancelled, .badge.paused { color: var(--warn); background: var(--warn-back); }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: .7rem 1.5rem; margin: 1.2rem 0; }
.facts small { display: block; color: var(--soft); }
.facts .engine { grid-column: 1 / -1; }
.equation { background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: .8rem 1rem; }
.equation p { font-family: Cambria, "STIX Two Text", "DejaVu Serif", Georgia, serif; font-size: 1.15rem; text-align: center; }
.equation .number { float: right; color: var(--soft); font-size: .9rem; }
.equation dl { display: flex; flex-wrap: wrap; gap: .2rem 1.6rem; font-size: .9rem; }
.equation dl div { display: flex; gap: .5rem; align-items: baseline; }
.equation dt { color: var(--ink); font-weight: 600; }
.equation dd { color: var(--soft); }
.note { border-left: 4px solid; border-radius: 4px; padding: .5rem 1rem; margin: 1rem 0; color: var(--calm); background: var(--calm-back); }
.note.failed { color: var(--bad); background: var(--bad-back); }
.note.cancelled, .note.warning { color: var(--warn); background: var(--warn-back); }
.note pre { background: none; border-color: currentcolor; }
.note ul { margin: .3rem 0; padding-left: 1.2rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .95rem; }
th, td { text-align: left; padding: .4rem .8rem .4rem 0; border-bottom: 1px solid var(--line); vertical-align: top; font-weight: normal; }
thead th { color: var(--soft); font-size: .85rem; white-space: nowrap; }
tbody th { min-width: 7rem; }
td.value { font-variant-numeric: tabular-nums; white-space: nowrap; }
tr.met td:first-child, tr.unmet td:first-child { width: 1%; padding-right: 1.5rem; }
tr.met td:first-child { color: var(--good); font-weight: 600; white-space: nowrap; }
tr.unmet td:first-child, tr.unmet .value { color: var(--bad); font-weight: 600; white-space: nowrap; }
tr.unmet { background: color-mix(in srgb, var(--bad-back) 45%, transparent); }
td.track { width: 35%; min-width: 6rem; vertical-align: middle; padding-right: 0; }
td.track span { display: block; min-width: 2px; height: .6rem; border-radius: 3px; background: var(--bar); }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(17rem, 100%), 1fr)); gap: 1.2rem; align-items: start; }
.pictures.small { grid-template-columns: repeat(auto-fill, minmax(min(11rem, 45%), 1fr)); gap: .8rem; }
.pictures.half { grid-template-columns: repeat(auto-fill, minmax(min(24rem, 100%), 1fr)); }
.numbers { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(15rem, 100%), 1fr)); gap: 0 1.5rem; font-size: .95rem; }
.numbers div { display: flex; justify-content: space-between; gap: 1rem; border-bottom: 1px solid var(--line); padding: .25rem 0; }
.numbers dt { color: inherit; font-size: inherit; }
.numbers dd { font-variant-numeric: tabular-nums; }
figure { margin: 0; }
figure.wide, .pictures .gone { grid-column: 1 / -1; }
.pictures.small figure.wide { grid-column: span 2; }
.pictures.half figure.wide { grid-column: auto; }
figure label { display: block; background: #ffffff; border: 1px solid var(--line); border-radius: 6px; padding: .4rem; cursor: zoom-in; }
figure label:focus-within { outline: 2px solid var(--bar); }
figure input { position: absolute; opacity: 0; }
figure img { display: block; width: 100%; max-width: calc(var(--w) * 1px); height: auto; margin: 0 auto; }
figure.wide img { max-width: calc(var(--w) * .5px); }
figcaption { color: var(--soft); font-size: .9rem; padding: .3rem .2rem; }
figure label:has(input:checked) {
  position: fixed; inset: 0; z-index: 1; overflow: auto; border: 0; border-radius: 0; cursor: zoom-out; display: flex;
}
figure:has(input:checked) { aspect-ratio: var(--w) / var(--h); }
figure label:has(input:checked) img, figure.wide label:has(input:checked) img {
  flex: none; margin: auto; max-width: none; width: max(min(97vw, 97vh * var(--w) / var(--h)), var(--w) * .5px);
}
.dots svg { display: block; width: 100%; }
.dots path { fill: none; stroke: var(--soft); }
.dots text { fill: var(--soft); font-size: 12px; }
.dots circle { fill: var(--bar); fill-opacity: .6; }
.dots circle.best { fill: var(--good); fill-opacity: 1; }
details summary { cursor: pointer; color: var(--soft); }
.command { user-select: all; -webkit-user-select: all; border-color: var(--bar); }
.hint, footer { color: var(--soft); font-size: .85rem; }
footer { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: .8rem; }
@media (max-width: 40rem) {
  body { padding: 1.2rem 1rem 3rem; }
  h1 { font-size: 1.4rem; }
  .pictures { grid-template-columns: minmax(0, 1fr); }
  .facts { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: .6rem 1rem; }
  .equation p { font-size: 1.05rem; }
  .equation .number { float: none; display: block; }
  .equation dl { flex-direction: column; }
  table { font-size: .88rem; }
}
`;
