import { all, count, element, one } from '../dom.ts';
import type { Explorer } from '../explorer.ts';
import { type Filters, noFilters, type Order } from '../filters.ts';

/** Ties the controls of the page's markup to the view, both ways. */
export function startToolbar(explorer: Explorer): void {
  const { group, root } = explorer;
  const bar = one<HTMLDetailsElement>('[data-part=toolbar]', root);
  // On a phone the controls would take half of the screen.
  if (matchMedia('(max-width: 44rem)').matches) bar.open = false;
  const control = <E extends HTMLElement>(name: string): E => one<E>(`[data-control=${name}]`, bar);
  const run = control<HTMLSelectElement>('run');
  const className = control<HTMLInputElement>('class');
  const answer = control<HTMLSelectElement>('answer');
  const side = control<HTMLSelectElement>('side');
  const least = control<HTMLInputElement>('least');
  const most = control<HTMLInputElement>('most');
  const suspected = control<HTMLInputElement>('suspected');
  const copiesOnly = control<HTMLInputElement>('copies');
  const clear = control<HTMLButtonElement>('clear');
  const region = control<HTMLButtonElement>('region');
  const status = control('status');
  const filterCount = control('count');
  const names = one<HTMLDataListElement>('datalist', bar);
  // The names are many: they are made when they are first asked for.
  className.addEventListener('focus', () => {
    if (names.childElementCount === 0) names.append(...group.classes.map((value) => element('option', { value })));
  });

  run.addEventListener('change', () => explorer.show({ run: Number(run.value) }));
  className.addEventListener('input', () => explorer.filter({ className: className.value.trim() }));
  answer.addEventListener('change', () => explorer.filter({ answer: answer.value as Filters['answer'] }));
  side.addEventListener('change', () => explorer.filter({ side: side.value as Filters['side'] }));
  for (const field of [least, most]) {
    field.addEventListener('change', () => {
      const number = (input: HTMLInputElement, otherwise: number): number =>
        input.value === '' ? otherwise : Math.min(100, Math.max(0, Number(input.value)));
      explorer.filter({ least: number(least, 0), most: number(most, 100) });
    });
  }
  suspected.addEventListener('change', () =>
    explorer.show({
      order: suspected.checked ? 'labels' : 'telling',
      filters: { ...explorer.view.filters, suspected: suspected.checked },
    }),
  );
  copiesOnly.addEventListener('change', () => explorer.filter({ copies: copiesOnly.checked }));
  clear.addEventListener('click', () => explorer.clearFilters());
  region.addEventListener('click', () => explorer.filter({ region: [] }));

  const update = (): void => {
    const { filters } = explorer.view;
    run.value = String(explorer.view.run);
    if (className.value.trim() !== filters.className) className.value = filters.className;
    answer.value = filters.answer;
    side.value = filters.side;
    if (document.activeElement !== least) least.value = filters.least === 0 ? '' : String(filters.least);
    if (document.activeElement !== most) most.value = filters.most === 100 ? '' : String(filters.most);
    suspected.checked = filters.suspected;
    copiesOnly.checked = filters.copies;
    region.hidden = filters.region.length === 0;
    clear.disabled = explorer.filterCount === 0;
    filterCount.textContent = explorer.filterCount === 0 ? '' : ` (${explorer.filterCount})`;
    const [shown, of] = [explorer.shown.length, group.ids.length];
    status.textContent = shown === of ? `all ${count(of)} photos` : `${count(shown)} of ${count(of)} photos`;
    for (const name of all('[data-run-name]', root)) name.textContent = explorer.run.name;
  };
  explorer.onView(update);
  update();
}

/** Presets for the most common questions. */
interface Question {
  readonly filters: Partial<Filters>;
  readonly order: Order;
}

const questions: Readonly<Record<string, Question>> = {
  all: { filters: {}, order: 'telling' },
  mistakes: { filters: { answer: 'wrong' }, order: 'telling' },
  labels: { filters: { suspected: true }, order: 'labels' },
  copies: { filters: { copies: true }, order: 'telling' },
};

/** Buttons, here and in the text, that set all filters at once. */
export function startQuestions(explorer: Explorer): void {
  for (const button of all<HTMLButtonElement>('[data-question]', explorer.root)) {
    const question = questions[button.dataset['question'] ?? ''];
    if (question === undefined) continue;
    button.addEventListener('click', () => {
      explorer.show({ order: question.order, filters: { ...noFilters, ...question.filters } });
      one('[data-part=gallery]', explorer.root).scrollIntoView();
    });
    const update = (): void => {
      const { filters } = explorer.view;
      const asked = { ...noFilters, ...question.filters };
      button.setAttribute('aria-pressed', String(JSON.stringify(filters) === JSON.stringify(asked)));
    };
    explorer.onView(update);
    update();
  }
}
