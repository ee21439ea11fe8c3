import { dirname } from 'node:path';
import { makeFolder, patienceMs, writeDurably } from '../../system/durable.ts';
import { nodeFiles } from '../../system/files.ts';
import { browserScript } from '../../system/workers.ts';
import { advise } from '../analysis/advice.ts';
import type { GroupData, PageData } from '../analysis/group-data.ts';
import type { PageJson } from './client/json.ts';
import { groupJson } from './data/group-json.ts';
import { documentHead } from './document-head.ts';
import { breakable, copyable, embedJson, type Html, html, raw } from './html.ts';
import { alikeSection } from './sections/alike.ts';
import { exploreSection } from './sections/explore.ts';
import { runsSection } from './sections/runs.ts';
import { viewerDialog } from './sections/viewer.ts';

/** Writes the page atomically. @returns its size in bytes */
export async function writePage(file: string, data: PageData): Promise<number> {
  const bytes = new TextEncoder().encode(renderPage(data));
  await makeFolder(nodeFiles, dirname(file));
  await writeDurably(nodeFiles, file, [bytes], { aloneWithinMs: patienceMs });
  return bytes.length;
}

/** The page as one HTML document that needs no other file and no network. */
function renderPage(data: PageData): string {
  const several = data.groups.length > 1;
  const runCount = data.groups.reduce((sum, group) => sum + group.runs.length, 0);
  const json: PageJson = { groups: data.groups.map(groupJson) };
  const script = browserScript('report', import.meta.url);
  const page = html`${documentHead('Heads compared', [script])}
<body>
<header><h1>Heads compared</h1>
<p class="lead">${runCount} ${runCount === 1 ? 'run' : 'runs'}${several && ` in ${data.groups.length} groups that cannot be ranked against each other`}</p></header>
<nav aria-label="Sections"><ul>${data.groups.flatMap((group, g) => navItems(group, g, several))}</ul></nav>
<main>
${data.groups.map((group, g) => groupPart(data, group, g, several))}
${data.unreadable.length > 0 && unreadablePart(data)}
</main>
<footer>Written by featuretap ${data.version}. Everything on this page is inside this one file.</footer>
${viewerDialog()}
<script type="application/json" id="page-data">${embedJson(json)}</script>
<script>${raw(script)}</script>
</body>
</html>
`;
  return page.html;
}

const parts = [
  ['overview', 'Summary'],
  ['runs', 'All runs'],
  ['explore', 'Photos and classes'],
  ['sides', 'Side by side'],
  ['alike', 'Nearly the same'],
] as const;

type Part = (typeof parts)[number][0];

function navItems(data: GroupData, g: number, several: boolean): Html[] {
  const shown = several ? parts.slice(0, 1) : parts.filter(([part]) => isThere(data, part));
  return shown.map(
    ([part, title]) => html`<li><a href="#g${g}-${part}">${several ? `Group ${g + 1}` : title}</a></li>`,
  );
}

function isThere(data: GroupData, part: Part): boolean {
  if (part === 'alike') return data.alike !== undefined;
  return part !== 'sides' || data.runs.filter(({ run }) => run.predictions !== undefined).length > 1;
}

function groupPart({ folder }: PageData, data: GroupData, g: number, several: boolean): Html {
  const id = `g${g}`;
  const heading = (part: string, title: string): Html =>
    html`<h2 id="${id}-${part}">${several && `Group ${g + 1}: `}${several ? title.toLowerCase() : title}</h2>`;
  const content: Record<Part, () => Html> = {
    overview: () => overviewSection(data),
    runs: () => runsSection(data, id),
    explore: () => exploreSection(data, folder, id),
    sides: () => sideBySideSection(data),
    alike: () => alikeSection(data),
  };
  return html`<div data-group="${g}">
    ${parts.map(([part, title]) =>
      !isThere(data, part)
        ? ''
        : html`<section aria-labelledby="${id}-${part}">${heading(part, title)}${part === 'overview' && apart(data)}${content[part]()}</section>`,
    )}
    ${data.notes.map((note) => html`<p class="note">${note}</p>`)}
  </div>`;
}

/** Four boxes (which head, how certain, what it gets wrong, what next), then the next steps as commands. */
function overviewSection(group: GroupData): Html {
  const advice = advise(group);
  const cards: readonly (readonly [string, readonly string[]])[] = [
    ['Which head', advice.which],
    ['How certain', advice.sure],
    ['What it gets wrong', advice.wrong],
    ['Next', advice.next],
  ];
  return html`<div class="cards">${cards.map(
    ([title, lines]) =>
      html`<section class="card"><h3>${title}</h3>${lines.map((line) => html`<p>${breakable(line)}</p>`)}</section>`,
  )}</div>
  <h3>Next steps</h3>
  <ul class="steps">${advice.steps.map(
    ({ what, command }) =>
      html`<li><span>${what}${command !== undefined && ':'}</span>${command !== undefined && copyable(command)}</li>`,
  )}</ul>`;
}

/** Photos that one of two runs has right and the other wrong. */
function sideBySideSection({ runs }: GroupData): Html {
  const select = (side: string, chosen: number): Html =>
    html`<select data-control="${side}">${runs.map(({ run }, i) => html`<option value="${i}"${i === chosen && html` selected`}>${run.name}</option>`)}</select>`;
  return html`<div data-part="sides">
    <div class="controls"><label>One head ${select('left', 0)}</label><label>the other ${select('right', 1)}</label>
    <span role="status" data-control="summary"></span></div>
    <div class="sides">${['only-left', 'only-right'].map(
      (name) =>
        html`<div data-control="${name}"><h3></h3><ul class="photos"></ul><p class="note" data-control="rest"></p></div>`,
    )}</div></div>`;
}

function apart({ group }: GroupData): Html {
  if (group.differences.length === 0) return html``;
  return html`<p class="apart">Not comparable with the first group: ${group.differences.join('; ')}.</p>`;
}

function unreadablePart({ unreadable }: PageData): Html {
  return html`<section aria-labelledby="left-out"><h2 id="left-out">Left out</h2>
    <ul class="plain">${unreadable.map(({ file, message }) => html`<li><code>${file}</code>: ${message}</li>`)}</ul></section>`;
}
