import { breakable, element, percent } from '../dom.ts';
import type { Seen } from '../explorer.ts';

/** A photo with its answer: a button that opens it and a box that selects it. */
export function tile(seen: Seen, place: number, open: () => void): HTMLLIElement {
  const { group, run } = seen;
  const label = group.labels[place];
  const suspicion = run.suspicions.get(place);
  const { kind, text } = verdictOf(seen, place);
  const button = element('button', { type: 'button', class: 'open', tabindex: -1 }, picture(seen, place, 128));
  button.addEventListener('click', open);
  const box = element('input', { type: 'checkbox', tabindex: -1, 'aria-label': `select ${group.ids[place] ?? ''}` });
  box.checked = seen.selected.has(place);
  box.addEventListener('change', () => seen.select([place], box.checked));
  return element(
    'li',
    { 'data-place': place },
    button,
    box,
    element('b', {}, breakable(group.className(label))),
    element('span', { class: kind }, breakable(text)),
    suspicion === undefined
      ? undefined
      : element('span', { class: 'doubt' }, 'relabel as ', breakable(group.className(suspicion.suggestion)), '?'),
  );
}

/** A run's prediction of an image in words, and their CSS class. */
export function verdictOf({ group, run }: Seen, place: number): { readonly kind: string; readonly text: string } {
  const verdict = run.verdict(place);
  if (verdict === undefined) {
    return { kind: 'soft', text: group.isTested(place) ? 'no answer kept' : 'in training' };
  }
  const probability = percent(verdict.probability);
  if (verdict.predicted === group.labels[place]) return { kind: 'recognized', text: `right, ${probability}` };
  return { kind: 'taken', text: `taken for ${group.className(verdict.predicted)}, ${probability}` };
}

export function picture(seen: Seen, place: number, side: number): HTMLElement {
  const { group } = seen;
  const source = group.photo(place);
  const name = `${group.className(group.labels[place])}, ${group.ids[place] ?? ''}`;
  return source === undefined
    ? element('span', { class: 'no-photo', role: 'img', 'aria-label': name }, 'no photo')
    : element('img', { src: source, alt: name, width: side, height: side, loading: 'lazy', decoding: 'async' });
}

/** One stop for Tab, arrow keys within, `x` selects: rows of photos are long. */
export function walkable(list: HTMLElement): void {
  const buttons = (): HTMLButtonElement[] => [...list.querySelectorAll<HTMLButtonElement>('button.open')];
  const first = buttons()[0];
  if (first !== undefined) first.tabIndex = 0;
  list.onkeydown = (event) => {
    const own = buttons();
    const i = own.indexOf(event.target as HTMLButtonElement);
    if (i < 0) return;
    if (event.key === 'x') {
      own[i]?.parentElement?.querySelector('input')?.click();
      return;
    }
    const top = (button: HTMLElement | undefined): number => button?.getBoundingClientRect().top ?? 0;
    const perRow = Math.max(1, own.filter((button) => top(button) === top(own[0])).length);
    const steps: Readonly<Record<string, number>> = {
      ArrowRight: 1,
      ArrowLeft: -1,
      ArrowDown: perRow,
      ArrowUp: -perRow,
      Home: -i,
      End: own.length - 1 - i,
    };
    const step = steps[event.key];
    const to = own[i + (step ?? 0)];
    if (step === undefined || to === undefined) return;
    event.preventDefault();
    for (const button of own) button.tabIndex = -1;
    to.tabIndex = 0;
    to.focus();
  };
}

/** Ticks the boxes of the tiles in a list as the photos are selected. */
export function markSelected(list: HTMLElement, selected: ReadonlySet<number>): void {
  for (const item of list.querySelectorAll<HTMLLIElement>('li[data-place]')) {
    const box = item.querySelector('input');
    if (box !== null) box.checked = selected.has(Number(item.dataset['place']));
  }
}
