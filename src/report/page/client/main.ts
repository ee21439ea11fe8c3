import { formatAddress, parseAddress } from './address.ts';
import { startCopyButtons } from './copy.ts';
import { all, one } from './dom.ts';
import { Explorer } from './explorer.ts';
import type { PageJson } from './json.ts';
import { Group } from './model.ts';
import { startClasses } from './parts/classes.ts';
import { startGallery } from './parts/gallery.ts';
import { startMap } from './parts/map.ts';
import { startMatrix } from './parts/matrix.ts';
import { startPanels } from './parts/panels.ts';
import { startSideBySide } from './parts/side-by-side.ts';
import { startQuestions, startToolbar } from './parts/toolbar.ts';
import { startViewer } from './parts/viewer.ts';
import { sortable } from './tables.ts';
import { drawDownTo } from './when-seen.ts';

/**
 * What the page of `compare` does in a browser: photos, matrix, map and class figures, drawn when they are looked at, by
 * filters that the address keeps. Nothing here talks to a network.
 */
const data = JSON.parse(one('#page-data').textContent ?? '') as PageJson;
const explorers = data.groups.map((json, g) => new Explorer(new Group(json), one(`[data-group="${g}"]`)));
const runNames = explorers.map(({ group }) => group.runs.map(({ name }) => name));
let at = readAddress();

function readAddress(): string {
  const { at: place, views } = parseAddress(location.hash, runNames);
  for (const [g, explorer] of explorers.entries()) {
    const view = views[g];
    if (view !== undefined) explorer.show(view);
  }
  return place;
}

function writeAddress(): void {
  const address = formatAddress(
    at,
    explorers.map(({ view }) => view),
    runNames,
  );
  history.replaceState(null, '', address === '' ? location.pathname : `#${address}`);
}

const openViewer = startViewer();
for (const explorer of explorers) {
  startMap(explorer, openViewer);
  startToolbar(explorer);
  startQuestions(explorer);
  startGallery(explorer, openViewer);
  startMatrix(explorer, openViewer);
  startClasses(explorer);
  startPanels(explorer);
  startSideBySide(explorer, openViewer);
  explorer.onView(writeAddress);
}
for (const table of all<HTMLTableElement>('table.sortable')) sortable(table);
startCopyButtons();

// A link within the page names a section alone: the view stays in the address.
window.addEventListener('hashchange', () => {
  const hash = location.hash.slice(1);
  if (hash.includes('=')) at = readAddress();
  else if (hash !== '') at = hash;
  writeAddress();
});
// The browser scrolls once the click is handled.
document.addEventListener('click', ({ target }) => {
  const link = target instanceof Element ? target.closest<HTMLAnchorElement>('a[href^="#"]') : null;
  const section = link === null ? null : document.getElementById(link.hash.slice(1));
  if (section !== null) drawDownTo(section);
});
for (const image of all<HTMLImageElement>('img[data-photo]')) {
  const explorer = explorers[Number(image.closest<HTMLElement>('[data-group]')?.dataset['group'] ?? 0)];
  const place = Number(image.dataset['photo']);
  image.src = explorer?.group.photo(place) ?? '';
  const pair = image.dataset['pair'];
  image.closest('button')?.addEventListener('click', () => {
    if (explorer !== undefined) openViewer(explorer, pair === undefined ? [place] : pair.split(' ').map(Number), 0);
  });
}
const start = at === '' ? null : document.getElementById(at);
if (start !== null) {
  drawDownTo(start);
  start.scrollIntoView({ behavior: 'instant' });
}
