import { count, element, one, percent } from '../dom.ts';
import type { Explorer } from '../explorer.ts';
import { classesNamed } from '../filters.ts';
import { sortable } from '../tables.ts';
import { whenSeen } from '../when-seen.ts';

const atFirst = 200;

interface Column {
  readonly title: string;
  readonly hint: string;
  /** Undefined if there is no figure. */
  readonly value: (c: number) => number | undefined;
  readonly shown: (value: number) => string;
}

/** Figures of every class that the filter names, by the run in sight. A class's name picks it everywhere. */
export function startClasses(explorer: Explorer): void {
  const part = one('[data-part=classes]', explorer.root);
  const place = one('[data-control=table]', part);
  const more = one<HTMLButtonElement>('[data-control=more]', part);
  const { group } = explorer;

  const figure =
    (at: 0 | 1 | 2 | 3 | 4) =>
    (c: number): number | undefined =>
      explorer.run.perClass[c]?.[at];
  /** A class without test images has no metrics. */
  const tested =
    (at: 2 | 3 | 4) =>
    (c: number): number | undefined =>
      (figure(1)(c) ?? 0) > 0 ? figure(at)(c) : undefined;
  const columns: readonly Column[] = [
    { title: 'trained', hint: 'training images, mean over the repeats', value: figure(0), shown: count },
    { title: 'tested', hint: 'test images, all repeats together', value: figure(1), shown: count },
    {
      title: 'precision',
      hint: 'share of the images predicted as this class that belong to it',
      value: tested(2),
      shown: percent,
    },
    {
      title: 'recall',
      hint: 'share of the images of this class that were predicted as it',
      value: tested(3),
      shown: percent,
    },
    { title: 'F1', hint: 'harmonic mean of precision and recall', value: tested(4), shown: (f1) => f1.toFixed(3) },
  ];

  const draw = (most: number): void => {
    const named = [...classesNamed(explorer.view.filters.className, group.classes)];
    const known = columns.filter(({ value }) => named.some((c) => (value(c) ?? -1) >= 0));
    const heading = (title: string, kind: string, hint?: string): HTMLElement =>
      element(
        'th',
        { scope: 'col', class: kind, 'aria-sort': 'none' },
        element('button', { type: 'button', title: hint }, title),
      );
    const table = element(
      'table',
      {},
      element('caption', {}, 'Precision, recall and F1 of every class'),
      element(
        'thead',
        {},
        element('tr', {}, heading('class', 'text'), ...known.map(({ title, hint }) => heading(title, 'number', hint))),
      ),
      element(
        'tbody',
        {},
        ...named.slice(0, most).map((c) => {
          const name = group.className(c);
          const pick = element('button', { type: 'button', class: 'plain-button' }, name);
          pick.addEventListener('click', () => explorer.filter({ className: name }));
          return element(
            'tr',
            {},
            element('th', { scope: 'row', 'data-value': name }, pick),
            ...known.map(({ value, shown }) => {
              const found = value(c);
              return element(
                'td',
                { class: 'number', 'data-value': found ?? -1 },
                found === undefined ? '–' : shown(found),
              );
            }),
          );
        }),
      ),
    );
    sortable(table);
    place.replaceChildren(table);
    more.hidden = named.length <= most;
    more.textContent = `Show all ${count(named.length)} classes`;
  };
  more.addEventListener('click', () => draw(group.classes.length));
  explorer.onView(whenSeen(part, () => draw(atFirst)));
}
