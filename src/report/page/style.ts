const runs = {
  light: ['#1f6fb5', '#c8591a', '#2c8a5b', '#8a4fb0', '#b03a5b', '#0f8a94', '#8a7a12', '#5b6470'],
  dark: ['#6cb0f0', '#f09a5c', '#66c795', '#c594ea', '#ee85a5', '#56cbd4', '#d6c350', '#a9b2bd'],
} as const;

/** Twelve distinguishable colours, on white and on black. */
const classes = [
  '#1f6fb5',
  '#e07b39',
  '#2c9a5f',
  '#c23b4b',
  '#7d5bbe',
  '#8a6242',
  '#d462a6',
  '#6f7681',
  '#a3a21f',
  '#1aa3b0',
  '#4a57c4',
  '#77ad3c',
] as const;

const variables = (name: string, colours: readonly string[]): string =>
  colours.map((colour, i) => `--${name}-${i}: ${colour};`).join(' ');

/** The page's style sheet: one column that widens to charts side by side, light and dark by the reader's setting. */
export const pageStyle: string = `
:root {
  color-scheme: light dark;
  --paper: #fbfaf7; --sheet: #ffffff; --ink: #1d2430; --soft: #556070; --line: #dcdad3; --field: #85898f; --accent: #0b5cad;
  --right: #2f7d5b; --wrong: #c2382b; --open: #8a6d1a;
  ${variables('run', runs.light)} ${variables('class', classes)}
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171c; --sheet: #1b2027; --ink: #e8e9ea; --soft: #a9b2bd; --line: #343b45; --field: #76808c; --accent: #7db8f0;
    --right: #56b98d; --wrong: #f0776a; --open: #d8b34a;
    ${variables('run', runs.dark)}
  }
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; scroll-padding-top: 3rem; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif; }
main, header, footer { max-width: 78rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 1.8rem; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .2rem; letter-spacing: -.01em; }
h2 { font-size: 1.3rem; line-height: 1.3; margin: 2.4rem 0 .7rem; padding-top: .5rem; border-top: 2px solid var(--line); }
h3 { font-size: 1.05rem; margin: 1.4rem 0 .4rem; }
h4 { font-size: .95rem; margin: 1.2rem 0 .4rem; }
.pairs h4 { margin-top: 0; }
p { margin: .4rem 0; max-width: 72ch; }
.lead { color: var(--soft); overflow-wrap: anywhere; }
.note, small { color: var(--soft); font-size: .85rem; }
.soft { color: var(--soft); }
.said { min-height: 1.5em; font-size: .9rem; }
a { color: var(--accent); }
code { font: .85em/1.4 ui-monospace, 'SF Mono', Menlo, Consolas, monospace; overflow-wrap: anywhere; }
button, select, input { font: inherit; font-size: .9rem; color: inherit; }
button { background: var(--sheet); border: 1px solid var(--field); border-radius: 6px; padding: .2rem .65rem; cursor: pointer; }
button:hover:not(:disabled) { border-color: var(--accent); color: var(--accent); }
button:disabled { opacity: .55; cursor: default; }
button[aria-pressed=true] { background: var(--ink); border-color: var(--ink); color: var(--paper); }
input[type=search], input[type=number], select { background: var(--sheet); border: 1px solid var(--field); border-radius: 6px; padding: .2rem .4rem; max-width: 100%; }
input[type=number] { width: 4.2rem; }
input[type=search] { width: 11rem; }
input[type=checkbox], input[type=radio] { accent-color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 3px; }
nav { position: sticky; top: 0; z-index: 4; background: var(--paper); border-bottom: 1px solid var(--line); }
nav ul { max-width: 78rem; margin: 0 auto; padding: .5rem 1.25rem; display: flex; gap: 1.2rem; list-style: none; overflow-x: auto; white-space: nowrap; }
nav a { text-decoration: none; font-size: .9rem; }
nav a:hover { text-decoration: underline; }
.cards { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: .9rem; margin: 1rem 0; }
@media (max-width: 66rem) { .cards { grid-template-columns: repeat(2, minmax(0, 1fr)); } }
@media (max-width: 38rem) { .cards { grid-template-columns: minmax(0, 1fr); } }
.card { background: var(--sheet); border: 1px solid var(--line); border-radius: 10px; padding: .8rem 1rem .9rem; }
.card h3 { margin: 0 0 .35rem; font-size: .78rem; text-transform: uppercase; letter-spacing: .06em; color: var(--soft); }
.card p { overflow-wrap: anywhere; font-size: .9rem; }
.card p:first-of-type { font-size: 1rem; font-weight: 600; }
.steps { list-style: none; padding: 0; margin: .4rem 0; display: grid; gap: .35rem; }
.steps li { display: flex; flex-wrap: wrap; gap: .2rem .8rem; align-items: baseline; }
.command { display: inline-flex; gap: .5rem; align-items: baseline; min-width: 0; }
.command code { background: var(--sheet); border: 1px solid var(--line); border-radius: 5px; padding: .15rem .45rem; }
.option { white-space: nowrap; }
.copy { font-size: .8rem; padding: .05rem .5rem; white-space: nowrap; }
.scroll { overflow: auto; max-width: 100%; }
.tall { max-height: 27rem; border: 1px solid var(--line); border-radius: 8px; background: var(--sheet); }
.tall thead th { position: sticky; top: 0; background: var(--sheet); box-shadow: inset 0 -2px var(--line); }
.tall caption { padding: .4rem .7rem; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); font-size: .85rem; padding: .2rem 0 .4rem; max-width: calc(100vw - 2.6rem); }
th, td { padding: .3rem .7rem; border-bottom: 1px solid var(--line); text-align: left; white-space: nowrap; }
th.number, td.number { text-align: right; }
tbody th { font-weight: 600; white-space: normal; min-width: 8rem; }
@media (max-width: 34rem) { th, td, thead button { padding-left: .35rem; padding-right: .35rem; } table { font-size: .85rem; } }
thead th { border-bottom-width: 2px; padding: 0; }
thead button { all: unset; cursor: pointer; padding: .35rem .7rem; font-weight: 600; }
thead button:focus-visible { outline: 3px solid var(--accent); outline-offset: -3px; }
thead button::after { content: ' \\2195'; color: var(--soft); font-weight: 400; }
[aria-sort=ascending] button::after { content: ' \\2191'; color: var(--accent); }
[aria-sort=descending] button::after { content: ' \\2193'; color: var(--accent); }
.plain-button { all: unset; cursor: pointer; }
.plain-button:hover { color: var(--accent); text-decoration: underline; }
.plain-button:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.swatch { display: inline-block; width: .75em; height: .75em; border-radius: 50%; margin-right: .5em; background: currentColor; }
${runs.light.map((_, i) => `.swatch.run-${i} { background: var(--run-${i}); } g.run-${i} { color: var(--run-${i}); }`).join('\n')}
.charts { display: flex; flex-wrap: wrap; gap: 1rem 2rem; align-items: flex-start; margin-top: 1rem; }
figure { margin: 0; flex: 1 1 24rem; min-width: 0; max-width: 36rem; }
figcaption { font-weight: 600; margin-bottom: .3rem; }
.chart svg { max-width: 100%; height: auto; display: block; font-size: 12px; }
.chart text { fill: var(--ink); }
.chart .axis text { fill: var(--soft); }
.chart .axis line { stroke: var(--line); }
.chart g circle { fill: currentColor; stroke: var(--paper); stroke-width: 1.5; }
.chart g .bar { stroke: currentColor; stroke-width: 3; stroke-linecap: round; }
.chart g .thin { stroke: currentColor; stroke-width: 2; stroke-opacity: .5; }
.chart g polyline { fill: none; stroke: currentColor; stroke-width: 2; }
.chart .ideal { stroke: var(--soft); stroke-dasharray: 4 4; }
.verdicts { padding: 0; list-style: none; margin: .4rem 0; }
.verdicts li { padding: .2rem 0 .2rem 1.7rem; position: relative; }
.verdicts li::before { position: absolute; left: 0; font-weight: 700; }
.verdicts .real::before { content: '\\2260'; color: var(--right); }
.verdicts .open::before { content: '\\2248'; color: var(--open); }
details { margin: .4rem 0; }
summary { cursor: pointer; color: var(--accent); }
.toolbar { position: sticky; top: 2.35rem; z-index: 3; background: var(--paper); border-bottom: 1px solid var(--line); padding: .4rem 0 .5rem; margin: 0; }
.toolbar summary { font-size: .9rem; }
.fields { display: flex; flex-wrap: wrap; gap: .4rem 1rem; align-items: center; margin-top: .4rem; font-size: .9rem; }
.range { white-space: nowrap; }
@media (max-height: 40rem) { .toolbar { position: static; } }
.part { scroll-margin-top: 8.5rem; }
.controls, .questions { display: flex; flex-wrap: wrap; gap: .4rem .9rem; align-items: center; margin: .5rem 0; font-size: .9rem; max-width: none; }
.questions { gap: .4rem; }
.questions label { margin-left: auto; }
.photos { list-style: none; padding: 0; margin: .6rem 0; display: grid; grid-template-columns: repeat(auto-fill, minmax(7.4rem, 1fr)); gap: .8rem .7rem; }
.photos li { display: flex; flex-direction: column; position: relative; font-size: .82rem; line-height: 1.3; min-width: 0; overflow-wrap: anywhere; }
.photos li > input { position: absolute; top: .35rem; left: .35rem; width: 1.15rem; height: 1.15rem; margin: 0; opacity: .8; }
.photos li > input:checked, .photos li:hover > input { opacity: 1; }
.open { padding: 0; border: 0; background: none; display: block; border-radius: 7px; }
.open img, .open .no-photo { width: 100%; aspect-ratio: 1; height: auto; object-fit: cover; border-radius: 7px; background: var(--line); display: block; }
.open .no-photo, .no-photo { display: grid; place-items: center; color: var(--soft); font-size: .82rem; }
.photos .open { margin-bottom: .25rem; }
.taken { color: var(--wrong); }
.recognized { color: var(--right); }
.doubt { color: var(--open); }
.selection { display: flex; flex-wrap: wrap; gap: .4rem .6rem; align-items: center; font-size: .9rem; margin: .5rem 0; }
.confusion { display: grid; grid-template-columns: minmax(0, 1fr) 19rem; gap: 1.4rem; align-items: start; }
@media (max-width: 62rem) { .confusion { grid-template-columns: minmax(0, 1fr); } }
.matrix-scroll { height: 38rem; max-height: 80vh; overflow: auto; border: 1px solid var(--line); border-radius: 8px; background: var(--sheet); }
.matrix-space { min-width: 100%; min-height: 100%; }
.matrix-space canvas { position: sticky; top: 0; left: 0; display: block; cursor: pointer; }
.pairs ol { margin: 0; padding-left: 1.9rem; font-size: .88rem; max-height: 34rem; overflow: auto; }
.pair { all: unset; box-sizing: border-box; cursor: pointer; display: block; width: 100%; overflow-wrap: anywhere; padding: .15rem .35rem; border-radius: 5px; }
.pair:hover { background: var(--line); color: inherit; }
.pair:focus-visible { outline: 3px solid var(--accent); outline-offset: -3px; }
.pair b { font-weight: 600; }
.count { color: var(--soft); font-size: .82rem; white-space: nowrap; }
.map { display: grid; grid-template-columns: minmax(0, 640px) minmax(0, 1fr); gap: .6rem 1.6rem; align-items: start; }
@media (max-width: 62rem) { .map { grid-template-columns: minmax(0, 1fr); } }
.map .photos { max-height: 26rem; overflow: auto; }
.map-frame { position: relative; max-width: 640px; border: 1px solid var(--line); border-radius: 8px; background: var(--sheet); overflow: hidden; }
.map-frame canvas { display: block; cursor: crosshair; }
.map-frame.drawing canvas { touch-action: none; }
.touch { display: none; }
@media (pointer: coarse) { .touch { display: inline; } }
.tip { position: absolute; z-index: 2; width: 8.6rem; padding: .4rem; background: var(--sheet); border: 1px solid var(--line); border-radius: 8px; box-shadow: 0 4px 14px rgb(0 0 0 / .18); pointer-events: none; display: flex; flex-direction: column; font-size: .8rem; line-height: 1.3; overflow-wrap: anywhere; }
.tip img, .tip .no-photo { width: 100%; aspect-ratio: 1; height: auto; object-fit: cover; border-radius: 5px; background: var(--line); }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: .2rem 1rem; padding: 0; margin: .4rem 0; font-size: .88rem; }
fieldset { border: 0; padding: 0; margin: 0; display: flex; flex-wrap: wrap; gap: .2rem 1rem; } legend { float: left; margin-right: 1rem; }
.sides { display: grid; grid-template-columns: 1fr 1fr; gap: 0 2rem; }
@media (max-width: 48rem) { .sides { grid-template-columns: minmax(0, 1fr); } }
.twins { list-style: none; padding: 0; margin: .6rem 0; display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: 1rem; }
.twins li { display: flex; flex-direction: column; font-size: .85rem; line-height: 1.35; min-width: 0; overflow-wrap: anywhere; break-inside: avoid; }
.pair-photos { display: grid; grid-template-columns: 1fr 1fr; gap: 2px; }
.twins code { color: var(--soft); font-size: .7rem; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.files { list-style: none; padding: 0; margin: .3rem 0; display: flex; flex-wrap: wrap; gap: .2rem 1.4rem; font-size: .9rem; }
.facts { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .15rem 1rem; font-size: .88rem; margin: .4rem 0; }
.facts dt { color: var(--soft); } .facts dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 34rem) { .facts { grid-template-columns: minmax(0, 1fr); } .facts dd { margin-bottom: .4rem; } }
.plain { font-size: .9rem; padding-left: 1.2rem; }
dialog { border: 1px solid var(--line); border-radius: 12px; background: var(--sheet); color: var(--ink); width: min(60rem, 96vw); max-height: 92vh; padding: 1rem 1.3rem 1.3rem; }
dialog::backdrop { background: rgb(0 0 0 / .55); }
.viewer-head { display: flex; gap: 1rem; align-items: start; justify-content: space-between; }
dialog h2 { border: 0; margin: 0; padding: 0; font-size: 1.15rem; overflow-wrap: anywhere; }
dialog h3 { font-size: .95rem; margin: 1rem 0 .3rem; }
.viewer { display: grid; grid-template-columns: minmax(0, 20rem) minmax(0, 1fr); gap: .6rem 1.6rem; margin-top: .6rem; }
@media (max-width: 44rem) { .viewer { grid-template-columns: minmax(0, 1fr); } .viewer-photo { max-width: 16rem; } }
.viewer-photo img, .viewer-photo .no-photo { width: 100%; aspect-ratio: 1; height: auto; object-fit: cover; border-radius: 8px; background: var(--line); }
.viewer-steps { display: flex; gap: .8rem; align-items: center; }
.viewer-path { margin-top: 0; }
.top { list-style: none; padding: 0; margin: 0; font-size: .88rem; }
.top li { display: grid; grid-template-columns: minmax(0, 12rem) minmax(3rem, 1fr) 4rem; gap: .6rem; align-items: center; }
.top .number { text-align: right; font-variant-numeric: tabular-nums; }
.bar-name { overflow-wrap: anywhere; }
.bar-track { background: var(--line); border-radius: 3px; height: .6rem; }
.top .bar { display: block; height: 100%; border-radius: 3px; background: var(--wrong); }
.top .bar.right { background: var(--right); }
.nearest { list-style: none; padding: 0; margin: 0; display: grid; grid-template-columns: repeat(auto-fill, minmax(5.2rem, 1fr)); gap: .6rem; font-size: .78rem; line-height: 1.3; }
.nearest li { display: flex; flex-direction: column; overflow-wrap: anywhere; }
.off-screen { position: fixed; left: -100vw; }
footer { color: var(--soft); font-size: .85rem; padding-top: 2.5rem; padding-bottom: 2.5rem; }
.apart { border-left: 4px solid var(--open); padding: .5rem 0 .5rem 1rem; }
[hidden] { display: none !important; }
@media print {
  :root { --paper: #fff; --sheet: #fff; --ink: #000; --soft: #444; --line: #bbb; --right: #2f7d5b; --wrong: #c2382b; --open: #8a6d1a; color-scheme: light; }
  nav, .toolbar, .controls, .questions, .selection, .copy, .photos li > input, dialog, [data-control=more], [data-control=all-pairs], .said { display: none; }
  body { font-size: 10pt; } h2, h3, h4 { break-after: avoid; }
  figure, .card, .photos li, tr { break-inside: avoid; }
  .scroll, .tall, .pairs ol { overflow: visible; max-height: none; border: 0; }
  .matrix-scroll, .matrix-scroll.whole { overflow: visible; height: auto; max-height: none; border: 0; }
  .confusion { display: block; }
  .cards { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  th, td { padding: .1rem .5rem; }
}
`;
