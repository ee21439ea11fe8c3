/** One column on a phone, cards side by side on a wide screen; light and dark by the reader's setting. */
export const pageStyle: string = `
:root {
  color-scheme: light dark;
  --paper: #fbfaf7; --sheet: #ffffff; --ink: #1d2430; --soft: #556070; --line: #dcdad3; --field: #7d8187; --accent: #0b5cad;
  --on-accent: #ffffff; --wrong: #b3271b; --warn: #b26a00;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171c; --sheet: #1b2027; --ink: #e8e9ea; --soft: #a9b2bd; --line: #343b45; --field: #76808c; --accent: #7db8f0;
    --on-accent: #10151b; --wrong: #f0776a; --warn: #e5a83b;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif; }
header, main, footer, noscript { display: block; max-width: 72rem; margin: 0 auto; padding: 0 1rem; }
header { padding-top: 1.5rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .3rem; }
h2 { font-size: 1.2rem; line-height: 1.3; margin: 0; }
h3 { font-size: 1rem; margin: 0; overflow-wrap: anywhere; }
h4 { font-size: .9rem; margin: .6rem 0 .2rem; color: var(--soft); overflow-wrap: anywhere; }
p { margin: .3rem 0; }
#heads { white-space: pre-line; }
header p, footer, .note { color: var(--soft); overflow-wrap: anywhere; }
a { color: var(--accent); }
section, form { margin: 1.2rem 0; }
#drop, form { padding: 1.2rem; border: 2px dashed var(--field); border-radius: .6rem; background: var(--sheet); }
#drop.over { border-style: solid; border-color: var(--accent); }
.row { display: flex; flex-wrap: wrap; gap: .6rem; align-items: center; margin-top: .7rem; }
.apart { justify-content: space-between; margin: 0; }
button { font: inherit; min-height: 2.75rem; padding: .4rem 1rem; border: 1px solid var(--accent); border-radius: .4rem; background: var(--accent); color: var(--on-accent); cursor: pointer; }
#clear { background: transparent; color: var(--accent); }
button:disabled, #clear:disabled { border-color: var(--line); color: var(--soft); background: transparent; cursor: default; }
input { font: inherit; min-height: 2.75rem; padding: .4rem .6rem; border: 1px solid var(--field); border-radius: .4rem; background: var(--paper); color: var(--ink); min-width: 0; flex: 1; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
#answers { list-style: none; margin: .8rem 0; padding: 0; display: grid; gap: 1rem; align-items: start; grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr)); }
#answers > li { background: var(--sheet); border: 1px solid var(--line); border-radius: .6rem; padding: .9rem; min-width: 0; }
#answers:has(> .several) { grid-template-columns: repeat(auto-fill, minmax(min(100%, 32rem), 1fr)); }
canvas { display: block; max-width: 100%; max-height: 14rem; margin: .5rem 0; border-radius: .3rem; }
.heads { display: grid; gap: .2rem 1.2rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 13rem), 1fr)); }
.heads ol { list-style: none; margin: 0; padding: 0; }
.heads .top { margin: .5rem 0; }
.heads li { display: grid; grid-template-columns: 1fr auto; gap: 0 .8rem; margin: .25rem 0; }
.heads .top li:first-child { font-weight: 600; }
.heads .like li { font-size: .9rem; }
.id { grid-column: 1 / -1; color: var(--soft); font-size: .8em; overflow-wrap: anywhere; }
.mark { border-left: .25rem solid var(--warn); padding-left: .6rem; overflow-wrap: anywhere; }
figure { margin: .6rem 0; }
figure img { display: block; width: 14rem; max-width: 100%; height: auto; border-radius: .3rem; }
figcaption { color: var(--soft); font-size: .9rem; overflow-wrap: anywhere; }
summary { min-height: 2rem; cursor: pointer; }
#limit-list { margin: .2rem 0; padding-left: 1.2rem; overflow-wrap: anywhere; }
.name { overflow-wrap: anywhere; }
.share { font-variant-numeric: tabular-nums; }
.bar { grid-column: 1 / -1; height: .4rem; border-radius: .2rem; background: var(--line); overflow: hidden; }
.bar > span { display: block; height: 100%; background: var(--accent); }
.failed { color: var(--wrong); }
@media (forced-colors: active) { .bar { border: 1px solid; } .bar > span { background: Highlight; forced-color-adjust: none; } }
`;
