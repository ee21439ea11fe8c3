/** The page's style sheet: one column that widens to charts side by side, light and dark by the reader's setting. */
export const pageStyle: string = `
:root {
  color-scheme: light dark;
  --paper: #fbfaf7; --sheet: #ffffff; --ink: #1d2430; --soft: #556070; --line: #dcdad3; --accent: #0b5cad;
  --right: #2f7d5b; --wrong: #c2382b; --open: #8a6d1a;
  --run-0: #1f6fb5; --run-1: #c8591a; --run-2: #2c8a5b; --run-3: #8a4fb0; --run-4: #b03a5b; --run-5: #0f8a94; --run-6: #8a7a12; --run-7: #5b6470;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171c; --sheet: #1b2027; --ink: #e8e9ea; --soft: #a9b2bd; --line: #343b45; --accent: #7db8f0;
    --right: #56b98d; --wrong: #f0776a; --open: #d8b34a;
    --run-0: #6cb0f0; --run-1: #f09a5c; --run-2: #66c795; --run-3: #c594ea; --run-4: #ee85a5; --run-5: #56cbd4; --run-6: #d6c350; --run-7: #a9b2bd;
  }
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; scroll-padding-top: 3.5rem; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif; }
main, header, footer { max-width: 76rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 2.2rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .3rem; letter-spacing: -.01em; }
h2 { font-size: 1.4rem; line-height: 1.3; margin: 2.6rem 0 .8rem; padding-top: .4rem; border-top: 2px solid var(--line); }
h3 { font-size: 1.1rem; margin: 1.8rem 0 .5rem; }
h4 { font-size: 1.05rem; margin: 2rem 0 .6rem; }
h5 { font-size: .95rem; margin: 0 0 .4rem; }
p { margin: .4rem 0; max-width: 68ch; }
.lead { color: var(--soft); }
.note, small { color: var(--soft); font-size: .875rem; }
a { color: var(--accent); }
code { font: .85em/1.4 ui-monospace, 'SF Mono', Menlo, Consolas, monospace; overflow-wrap: anywhere; }
nav { position: sticky; top: 0; z-index: 2; background: var(--paper); border-bottom: 1px solid var(--line); }
nav ul { max-width: 76rem; margin: 0 auto; padding: .55rem 1.25rem; display: flex; gap: 1.3rem; list-style: none; overflow-x: auto; white-space: nowrap; }
nav a { text-decoration: none; font-size: .92rem; }
nav a:hover { text-decoration: underline; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 3px; }
.cards { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 1rem; margin: 1.2rem 0; }
@media (max-width: 66rem) { .cards { grid-template-columns: repeat(2, minmax(0, 1fr)); } }
@media (max-width: 38rem) { .cards { grid-template-columns: minmax(0, 1fr); } }
.option { white-space: nowrap; }
.card { background: var(--sheet); border: 1px solid var(--line); border-radius: 10px; padding: .9rem 1.1rem 1rem; }
.card h3 { margin: 0 0 .4rem; font-size: .8rem; text-transform: uppercase; letter-spacing: .06em; color: var(--soft); }
.card p { overflow-wrap: anywhere; }
.card p:first-of-type { font-size: 1.05rem; font-weight: 600; }
.card p + p { font-size: .95rem; }
.scroll { overflow: auto; max-width: 100%; }
.tall { max-height: 27rem; border: 1px solid var(--line); border-radius: 8px; background: var(--sheet); }
.tall thead th { position: sticky; top: 0; background: var(--sheet); box-shadow: inset 0 -2px var(--line); }
.tall caption { padding: .4rem .7rem; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); font-size: .875rem; padding: .2rem 0 .4rem; }
th, td { padding: .38rem .7rem; border-bottom: 1px solid var(--line); text-align: left; white-space: nowrap; }
th.number, td.number { text-align: right; }
tbody th { font-weight: 600; white-space: normal; min-width: 8rem; }
@media (max-width: 34rem) { th, td, thead button { padding-left: .35rem; padding-right: .35rem; } table { font-size: .875rem; } }
thead th { border-bottom-width: 2px; padding: 0; }
thead button { all: unset; cursor: pointer; padding: .4rem .7rem; font-weight: 600; }
thead button:focus-visible { outline: 3px solid var(--accent); outline-offset: -3px; }
thead button::after { content: ' \\2195'; color: var(--soft); font-weight: 400; }
[aria-sort=ascending] button::after { content: ' \\2191'; color: var(--accent); }
[aria-sort=descending] button::after { content: ' \\2193'; color: var(--accent); }
.swatch { display: inline-block; width: .75em; height: .75em; border-radius: 50%; margin-right: .5em; }
.charts { display: flex; flex-wrap: wrap; gap: 1.2rem 2rem; align-items: flex-start; margin-top: 1.4rem; }
figure { margin: 0; flex: 1 1 24rem; min-width: 0; }
figcaption { font-weight: 600; margin-bottom: .3rem; }
.chart svg { --plot-background: var(--paper); max-width: 100%; height: auto; display: block; }
.verdicts { padding: 0; list-style: none; margin: .4rem 0; }
.verdicts li { padding: .3rem 0 .3rem 1.7rem; position: relative; }
.verdicts li::before { position: absolute; left: 0; font-weight: 700; }
.verdicts .real::before { content: '\\2260'; color: var(--right); }
.verdicts .open::before { content: '\\2248'; color: var(--open); }
[role=tablist] { display: flex; flex-wrap: wrap; gap: .4rem; margin: .6rem 0 0; border-bottom: 1px solid var(--line); }
[role=tab] { font: inherit; font-size: .95rem; color: var(--ink); background: none; border: 1px solid transparent; border-bottom: 3px solid transparent; padding: .4rem .9rem; cursor: pointer; }
[role=tab][aria-selected=true] { border-bottom-color: var(--accent); font-weight: 600; }
.confusion { display: grid; grid-template-columns: minmax(0, 1fr) minmax(16rem, 21rem); gap: 1.5rem; align-items: start; }
.confusion.wide { grid-template-columns: minmax(0, 1fr); }
.confusion.wide ol { columns: 19rem; column-gap: 2rem; }
.confusion.wide .matrix-scroll { max-height: none; }
.confusion.wide li { break-inside: avoid; }
@media (max-width: 60rem) { .confusion { grid-template-columns: minmax(0, 1fr); } .confusion.wide .matrix-scroll { max-height: 32rem; } }
.matrix-scroll { max-height: 54rem; overflow: auto; border: 1px solid var(--line); border-radius: 8px; background: var(--sheet); }
.matrix { --plot-background: var(--sheet); display: block; margin: 0 auto; }
.matrix [data-cell] { cursor: pointer; }
.matrix [data-cell]:hover { stroke: var(--ink); stroke-width: 1.5; }
.pairs ol { margin: 0; padding-left: 1.9rem; font-size: .92rem; }
.pair { all: unset; box-sizing: border-box; cursor: pointer; display: block; width: 100%; padding: .2rem .35rem; border-radius: 5px; }
.pair:hover { background: var(--line); }
.pair:focus-visible { outline: 3px solid var(--accent); }
.pair b { font-weight: 600; }
.count { color: var(--soft); font-size: .85rem; white-space: nowrap; }
details { margin: .5rem 0; }
summary { cursor: pointer; color: var(--accent); }
.filter { display: flex; flex-wrap: wrap; align-items: center; gap: .6rem; }
input[type=search], select { font: inherit; font-size: .95rem; color: inherit; background: var(--sheet); border: 1px solid var(--soft); border-radius: 6px; padding: .25rem .5rem; max-width: 100%; }
.photos { list-style: none; padding: 0; margin: .6rem 0; display: grid; grid-template-columns: repeat(auto-fill, minmax(8.2rem, 1fr)); gap: .9rem; }
.photos li { display: flex; flex-direction: column; font-size: .85rem; line-height: 1.35; min-width: 0; overflow-wrap: anywhere; }
.photos img, .no-photo { width: 100%; aspect-ratio: 1; height: auto; object-fit: cover; border-radius: 7px; background: var(--line); }
.no-photo { display: grid; place-items: center; color: var(--soft); }
.taken { color: var(--wrong); }
.recognized { color: var(--right); }
.photos code { color: var(--soft); font-size: .7rem; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.twins { list-style: none; padding: 0; margin: .6rem 0; display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: 1.1rem; }
.twins li { display: flex; flex-direction: column; font-size: .85rem; line-height: 1.35; min-width: 0; overflow-wrap: anywhere; break-inside: avoid; }
.pair-photos { display: grid; grid-template-columns: 1fr 1fr; gap: 2px; }
.twins img, .twins .no-photo { width: 100%; aspect-ratio: 1; height: auto; object-fit: cover; background: var(--line); }
.twins code { color: var(--soft); font-size: .7rem; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.facts { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .2rem 1rem; font-size: .92rem; margin: .4rem 0; }
.facts dt { color: var(--soft); } .facts dd { margin: 0; }
@media (max-width: 34rem) { .facts { grid-template-columns: minmax(0, 1fr); } .facts dd { margin-bottom: .5rem; } }
.plain { font-size: .92rem; padding-left: 1.2rem; }
.controls { display: flex; flex-wrap: wrap; gap: .6rem 1.2rem; align-items: center; margin: .6rem 0; }
fieldset { border: 0; padding: 0; margin: 0; display: flex; flex-wrap: wrap; gap: .2rem 1rem; } legend { float: left; margin-right: 1rem; }
.maps circle.faded { fill: var(--soft); fill-opacity: .13; }
.maps circle.picked { r: 6; fill-opacity: 1; stroke: var(--ink); }
dialog { border: 1px solid var(--line); border-radius: 12px; background: var(--sheet); color: var(--ink); width: min(58rem, 94vw); max-height: 86vh; padding: 1.1rem 1.4rem 1.4rem; }
dialog::backdrop { background: rgb(0 0 0 / .5); }
dialog h2 { border: 0; margin: 0; padding: 0 6rem 0 0; font-size: 1.2rem; }
dialog form { position: absolute; right: 1.2rem; top: 1rem; }
dialog button { font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--soft); border-radius: 6px; padding: .2rem .8rem; cursor: pointer; }
footer { color: var(--soft); font-size: .875rem; padding-top: 2.5rem; padding-bottom: 2.5rem; }
.apart { border-left: 4px solid var(--open); padding: .5rem 0 .5rem 1rem; }
[hidden] { display: none !important; }
@media print {
  :root { --paper: #fff; --sheet: #fff; --ink: #000; --soft: #444; --line: #bbb; }
  nav, .filter, .controls, [role=tab]:not([aria-selected=true]) { display: none; }
  body { font-size: 10.5pt; } h2 { break-after: avoid; } h3, h4 { break-after: avoid; }
  figure, .card, .photos li, tr { break-inside: avoid; }
  .scroll, .tall, .matrix-scroll { overflow: visible; max-height: none; border: 0; }
  .matrix { width: 100%; height: auto; }
  .confusion, .confusion.wide { display: block; }
  .confusion.wide .matrix-scroll { max-height: none; }
  .cards { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  th, td { padding: .15rem .5rem; }
}
`;
