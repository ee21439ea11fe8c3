import { copies, download } from '../copy.ts';
import { count, counted, one } from '../dom.ts';
import type { Explorer } from '../explorer.ts';
import type { Order } from '../filters.ts';
import { selectionCsv } from '../selection-csv.ts';
import { whenSeen } from '../when-seen.ts';
import { markSelected, tile, walkable } from './tile.ts';
import type { OpenViewer } from './viewer.ts';

const atOnce = 48;

/** The photos that pass the filters, drawn on demand as the reader scrolls, and the actions on selected ones. */
export function startGallery(explorer: Explorer, openViewer: OpenViewer): void {
  const part = one('[data-part=gallery]', explorer.root);
  const list = one<HTMLUListElement>('ul.photos', part);
  const more = one<HTMLButtonElement>('[data-control=more]', part);
  const order = one<HTMLSelectElement>('[data-control=order]', part);
  const none = one('[data-control=none]', part);
  let drawn = 0;

  const append = (): void => {
    const next = explorer.shown.slice(drawn, drawn + atOnce);
    const from = drawn;
    list.append(...next.map((place, i) => tile(explorer, place, () => openViewer(explorer, explorer.shown, from + i))));
    drawn += next.length;
    const left = explorer.shown.length - drawn;
    more.hidden = left === 0;
    more.textContent = `Show ${Math.min(atOnce, left)} more of ${count(left)}`;
    walkable(list);
  };
  const draw = (): void => {
    drawn = 0;
    list.replaceChildren();
    none.hidden = explorer.shown.length > 0;
    order.value = explorer.view.order;
    append();
  };
  more.addEventListener('click', append);
  order.addEventListener('change', () => explorer.show({ order: order.value as Order }));
  explorer.onView(whenSeen(part, draw));
  explorer.onSelection(() => markSelected(list, explorer.selected));
  startSelection(explorer, part);
}

function startSelection(explorer: Explorer, part: HTMLElement): void {
  const bar = one('[data-part=selection]', part);
  const status = one('[data-control=selected]', bar);
  const control = (name: string): HTMLButtonElement => one<HTMLButtonElement>(`[data-control=${name}]`, bar);
  const csv = (): string => selectionCsv(explorer.selected, explorer.group, explorer.run);
  const paths = (): string =>
    `${[...explorer.selected].map((place) => explorer.group.filePath(place) ?? explorer.group.ids[place] ?? '').join('\n')}\n`;
  control('select-shown').addEventListener('click', () => explorer.select(explorer.shown, true));
  control('select-none').addEventListener('click', () => explorer.select([...explorer.selected], false));
  control('download').addEventListener('click', () => download('selected-photos.csv', csv()));
  copies(control('copy-csv'), csv);
  copies(control('copy-paths'), paths);
  const update = (): void => {
    const { size } = explorer.selected;
    status.textContent = size === 0 ? 'No photo is selected.' : `${counted(size, 'photo')} selected.`;
    for (const name of ['select-none', 'download', 'copy-csv', 'copy-paths']) control(name).disabled = size === 0;
    control('select-shown').textContent = `Select all ${count(explorer.shown.length)} shown`;
    control('select-shown').disabled = explorer.shown.length === 0;
  };
  explorer.onSelection(update);
  explorer.onView(update);
  update();
}
