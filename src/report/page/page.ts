import type { GroupData, PageData } from '../analysis/group-data.ts';
import { imagesByCell } from './cells.ts';
import { colourOf } from './charts/intervals.ts';
import { embedJson, type Html, html, raw } from './html.ts';
import { pageScript } from './script.ts';
import { alikeSection } from './sections/alike.ts';
import { mapSection } from './sections/map.ts';
import { overviewSection } from './sections/overview.ts';
import { runPanel } from './sections/run-panel.ts';
import { runsSection } from './sections/runs.ts';
import { pageStyle } from './style.ts';

/** The whole page as one HTML document that needs no other file and no network. */
export function renderPage(data: PageData): string {
  const several = data.groups.length > 1;
  const runCount = data.groups.reduce((sum, group) => sum + group.runs.length, 0);
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Heads compared</title>
<link rel="icon" href="data:,">
<style>${raw(pageStyle)}</style>
</head>
<body>
<header><h1>Heads compared</h1>
<p class="lead">${runCount} ${runCount === 1 ? 'run' : 'runs'}${several && ` in ${data.groups.length} groups that cannot be ranked against each other`}</p></header>
<nav aria-label="Sections"><ul>${data.groups.flatMap((group, g) => navItems(group, g, several))}</ul></nav>
<main>
${data.groups.map((group, g) => groupPart(group, g, several))}
${data.unreadable.length > 0 && unreadablePart(data)}
</main>
<footer>Written by featuretap ${data.version}. Everything on this page is inside this one file.</footer>
<dialog id="photos" aria-labelledby="photos-title"><h2 id="photos-title">Photos</h2><form method="dialog"><button type="submit">Close</button></form><p></p><ul class="photos"></ul></dialog>
<script type="application/json" id="page-data">${embedJson({ groups: data.groups.map(clientData) })}</script>
<script>${raw(pageScript)}</script>
</body>
</html>
`;
  return page.html;
}

const parts = [
  ['overview', 'In short'],
  ['runs', 'All runs'],
  ['detail', 'Run by run'],
  ['alike', 'Photos that are nearly the same'],
  ['map', 'Map of the features'],
] as const;

function navItems(data: GroupData, g: number, several: boolean): Html[] {
  const shown = several ? parts.slice(0, 1) : parts.filter(([part]) => isThere(data, part));
  return shown.map(
    ([part, title]) => html`<li><a href="#g${g}-${part}">${several ? `Group ${g + 1}` : title}</a></li>`,
  );
}

function isThere(data: GroupData, part: (typeof parts)[number][0]): boolean {
  return (part !== 'map' || data.map !== undefined) && (part !== 'alike' || data.alike !== undefined);
}

function groupPart(data: GroupData, g: number, several: boolean): Html {
  const id = `g${g}`;
  const heading = (part: string, title: string): Html =>
    html`<h2 id="${id}-${part}">${several && `Group ${g + 1}: `}${several ? title.toLowerCase() : title}</h2>`;
  const content: Record<(typeof parts)[number][0], Html> = {
    overview: overviewSection(data),
    runs: runsSection(data, id),
    detail: runTabs(data, id),
    alike: alikeSection(data),
    map: mapSection(data, id),
  };
  return html`<div data-group="${g}">
    ${parts.map(([part, title]) =>
      !isThere(data, part)
        ? ''
        : html`<section aria-labelledby="${id}-${part}">${heading(part, title)}${part === 'overview' && apart(data)}${content[part]}</section>`,
    )}
    ${data.notes.map((note) => html`<p class="note">${note}</p>`)}
  </div>`;
}

function apart({ group }: GroupData): Html {
  if (group.differences.length === 0) return html``;
  return html`<p class="apart">Not comparable with the first group: ${group.differences.join('; ')}.</p>`;
}

function runTabs(data: GroupData, id: string): Html {
  const tab = (i: number): string => `${id}-run${i}`;
  const tabs =
    data.runs.length > 1 &&
    html`<div role="tablist" aria-label="Runs">${data.runs.map(
      ({ run }, i) =>
        html`<button type="button" role="tab" id="${tab(i)}-tab" aria-controls="${tab(i)}" aria-selected="${i === 0 ? 'true' : 'false'}" tabindex="${i === 0 ? 0 : -1}"><span class="swatch" style="background:${colourOf(i)}"></span>${run.name}</button>`,
    )}</div>`;
  const panels = data.runs.map(
    (run, i) =>
      html`<div id="${tab(i)}" data-run="${i}" ${data.runs.length > 1 && html`role="tabpanel" aria-labelledby="${tab(i)}-tab"`}${i > 0 && html` hidden`}>
        <h3>${run.run.name}</h3>${runPanel(data, run, colourOf(i), tab(i))}</div>`,
  );
  return html`${tabs}${panels}`;
}

function unreadablePart({ unreadable }: PageData): Html {
  return html`<section aria-labelledby="left-out"><h2 id="left-out">Left out</h2>
    <ul class="plain">${unreadable.map(({ file, message }) => html`<li><code>${file}</code><br>${message}</li>`)}</ul></section>`;
}

/** What the script needs: photos by id, and the images behind each cell. */
function clientData({ runs, photos }: GroupData): unknown {
  return {
    photos: Object.fromEntries(photos),
    runs: runs.map(({ run }) => ({ classes: run.report.classes, cells: imagesByCell(run) })),
  };
}
