import { type Filters, noFilters, type Order } from './filters.ts';

/** The state of a group kept in the address, so that a link shows the same view. */
export interface View {
  readonly run: number;
  /** Of the runs side by side. */
  readonly left: number;
  readonly right: number;
  readonly order: Order;
  readonly filters: Filters;
}

export function firstView(runCount: number): View {
  return { run: 0, left: 0, right: Math.min(1, runCount - 1), order: 'telling', filters: noFilters };
}

const answers = ['right', 'wrong'] as const;
const sides = ['test', 'training'] as const;
const orders = ['labels', 'doubtful', 'id'] as const;

/**
 * The part of an address after `#`: the reader's position, then the views of the groups, as far as they differ from
 * `first`. Names of the second group and on begin with its number.
 *
 * @param at id of the section in sight; empty for the top
 */
export function formatAddress(at: string, views: readonly View[], runs: readonly (readonly string[])[]): string {
  const words = new URLSearchParams();
  for (const [g, { run, left, right, order, filters }] of views.entries()) {
    const first = firstView(runs[g]?.length ?? 0);
    const say = (name: string, value: string | number, usual: string | number): void => {
      if (value !== usual) words.set(g === 0 ? name : `${g + 1}.${name}`, String(value));
    };
    const nameOf = (i: number): string => runs[g]?.[i] ?? '';
    say('run', nameOf(run), nameOf(first.run));
    say('left', nameOf(left), nameOf(first.left));
    say('right', nameOf(right), nameOf(first.right));
    say('order', order, first.order);
    say('class', filters.className, '');
    say('answer', filters.answer, 'all');
    say('side', filters.side, 'all');
    say('least', filters.least, 0);
    say('most', filters.most, 100);
    say('suspected', Number(filters.suspected), 0);
    say('copies', Number(filters.copies), 0);
    say('region', filters.region.map((value) => value.toFixed(3)).join(' '), '');
  }
  const rest = words.toString();
  return [at, rest].filter((part) => part !== '').join('&');
}

/** Parses what `formatAddress` wrote; unreadable parts get their initial state. */
export function parseAddress(
  hash: string,
  runs: readonly (readonly string[])[],
): { readonly at: string; readonly views: readonly View[] } {
  const [first = '', ...others] = hash.replace(/^#/, '').split('&');
  const at = first.includes('=') ? '' : first;
  const words = new URLSearchParams(first.includes('=') ? [first, ...others].join('&') : others.join('&'));
  const views = runs.map((names, g): View => {
    const usual = firstView(names.length);
    const word = (name: string): string => words.get(g === 0 ? name : `${g + 1}.${name}`) ?? '';
    const place = (name: string, otherwise: number): number => {
      const found = names.indexOf(word(name));
      return found < 0 ? otherwise : found;
    };
    return {
      run: place('run', usual.run),
      left: place('left', usual.left),
      right: place('right', usual.right),
      order: orders.find((each) => each === word('order')) ?? usual.order,
      filters: {
        className: word('class'),
        answer: answers.find((each) => each === word('answer')) ?? 'all',
        side: sides.find((each) => each === word('side')) ?? 'all',
        least: percent(word('least'), 0),
        most: percent(word('most'), 100),
        suspected: word('suspected') === '1',
        copies: word('copies') === '1',
        region: corners(word('region')),
      },
    };
  });
  return { at, views };
}

function percent(text: string, otherwise: number): number {
  const value = Number(text);
  return text === '' || !(value >= 0 && value <= 100) ? otherwise : value;
}

function corners(text: string): number[] {
  const values = text
    .split(' ')
    .filter((word) => word !== '')
    .map(Number);
  return values.length >= 6 && values.length % 2 === 0 && values.every((value) => value >= -1 && value <= 2)
    ? values
    : [];
}
