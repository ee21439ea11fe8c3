import type { HeadKind } from '../../models/model.ts';
import { headKinds, readsParam } from '../../models/registry.ts';
import { usageError } from '../../system/errors.ts';

/** Parameter grid of a sweep: values of each parameter, in the order given. */
export type Grid = Readonly<Record<string, readonly (string | number)[]>>;

export type Point = Readonly<Record<string, string | number>>;

/**
 * Reads `--sweep`: `auto`, or `C=0.1,1,10 gamma=scale,0.001` as separate words.
 *
 * @throws a usage UserError for any other word
 */
export function parseSweep(words: readonly string[]): Grid | 'auto' {
  if (words.length === 1 && words[0] === 'auto') return 'auto';
  const grid: Record<string, string[]> = {};
  for (const word of words) {
    const match = /^([\w-]+)=(.+)$/.exec(word);
    const values = match?.[2]?.split(',').map((value) => value.trim()) ?? [];
    if (match?.[1] === undefined || values.includes('')) {
      throw usageError(
        '--sweep',
        word,
        'auto, or NAME=VALUE,VALUE…: --kernel rbf --sweep C=0.1,1,10 gamma=scale,0.001',
      );
    }
    const name = match[1].replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
    if (grid[name] !== undefined) throw usageError('--sweep', `${match[1]} twice`, 'each name once');
    if (new Set(values).size < values.length) throw usageError('--sweep', word, 'each value once');
    grid[name] = values;
  }
  return grid;
}

/**
 * The part of a grid that applies to a head; undefined if none does.
 *
 * @throws a usage UserError for a parameter that is both swept and fixed
 */
export function gridFor(kind: HeadKind, sweep: Grid | 'auto', fixed: Readonly<Record<string, unknown>>): Grid {
  if (sweep === 'auto') {
    const grid = Object.entries(kind.autoSweep(fixed));
    return Object.fromEntries(grid.filter(([name]) => fixed[name] === undefined));
  }
  const own = Object.entries(sweep).filter(([name, values]) => values.some((value) => readsParam(kind, name, value)));
  for (const [name, values] of own) {
    if (fixed[name] === undefined) continue;
    throw usageError(`--sweep ${name}`, values.join(','), `${name} either swept or fixed, not both`);
  }
  return Object.fromEntries(own);
}

/** @throws a usage UserError for a swept parameter that none of the chosen heads has */
export function checkSwept(kinds: readonly HeadKind[], sweep: Grid | 'auto'): void {
  if (sweep === 'auto') return;
  for (const [name, values] of Object.entries(sweep)) {
    const readers = (among: readonly HeadKind[]): readonly HeadKind[] =>
      among.filter((kind) => values.every((value) => readsParam(kind, name, value)));
    if (readers(kinds).length > 0) continue;
    const others = readers(headKinds).map((kind) => `--model ${kind.model}`);
    throw usageError(
      `--sweep ${name}`,
      kinds.map((kind) => kind.model).join(', '),
      others.length === 0 ? 'a parameter of a head' : others.join(' or '),
    );
  }
}

/** Every combination, the last parameter varying fastest. */
export function pointsOf(grid: Grid): Point[] {
  return Object.entries(grid).reduce<Point[]>(
    (points, [name, values]) => points.flatMap((point) => values.map((value) => ({ ...point, [name]: value }))),
    [{}],
  );
}
