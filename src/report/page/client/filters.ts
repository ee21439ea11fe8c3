import type { Group, Run } from './model.ts';

/** What a reader asks to see. Every part of the page obeys it. */
export interface Filters {
  /** Text that a class's name has, or the name itself; empty for all classes. */
  readonly className: string;
  readonly answer: 'all' | 'right' | 'wrong';
  readonly side: 'all' | 'test' | 'training';
  /** Confidence in the predicted class, in per cent. */
  readonly least: number;
  readonly most: number;
  readonly suspected: boolean;
  readonly copies: boolean;
  /** Corners of a region on the map, x and y of each from 0 to 1; empty for all. */
  readonly region: readonly number[];
}

export const noFilters: Filters = {
  className: '',
  answer: 'all',
  side: 'all',
  least: 0,
  most: 100,
  suspected: false,
  copies: false,
  region: [],
};

export type Order = 'telling' | 'labels' | 'doubtful' | 'id';

export function countFilters(filters: Filters): number {
  const { className, answer, side, least, most, suspected, copies, region } = filters;
  return [
    className !== '',
    answer !== 'all',
    side !== 'all',
    least > 0 || most < 100,
    suspected,
    copies,
    region.length > 0,
  ].filter(Boolean).length;
}

/** The classes that a text matches: the class of exactly that name, else all whose names contain it. */
export function classesNamed(text: string, classes: readonly string[]): ReadonlySet<number> {
  const wanted = text.trim().toLowerCase();
  const names = classes.map((name) => name.toLowerCase());
  const exact = names.indexOf(wanted);
  if (exact >= 0) return new Set([exact]);
  return new Set(names.flatMap((name, c) => (name.includes(wanted) ? [c] : [])));
}

/** A test of one image; `inRegion` knows the map. */
export function imageFilter(
  filters: Filters,
  group: Group,
  run: Run,
  inRegion: (place: number) => boolean,
): (place: number) => boolean {
  const named = filters.className === '' ? undefined : classesNamed(filters.className, group.classes);
  const byAnswer = filters.answer !== 'all' || filters.least > 0 || filters.most < 100;
  return (place) => {
    const verdict = run.verdict(place);
    const label = group.labels[place];
    if (filters.side !== 'all' && (filters.side === 'test') !== group.isTested(place)) return false;
    if (filters.suspected && !run.suspicions.has(place)) return false;
    if (filters.copies && !group.twinsOf.has(place)) return false;
    if (named !== undefined && !(named.has(label ?? -1) || named.has(verdict?.predicted ?? -1))) return false;
    if (byAnswer) {
      if (verdict === undefined) return false;
      if (filters.answer !== 'all' && (filters.answer === 'right') !== (verdict.predicted === label)) return false;
      const confidence = verdict.probability * 100;
      if (confidence < filters.least || confidence > filters.most) return false;
    }
    return filters.region.length === 0 || inRegion(place);
  };
}

/** Places in the order asked for. */
export function sorted(places: readonly number[], order: Order, group: Group, run: Run): number[] {
  const key = (place: number): number => {
    const verdict = run.verdict(place);
    const suspicion = run.suspicions.get(place);
    switch (order) {
      case 'telling':
        // Mistakes by confidence, then right answers by ascending confidence, then untested images.
        if (verdict === undefined) return 3;
        return verdict.predicted === group.labels[place] ? 1 + verdict.probability : 1 - verdict.probability;
      case 'labels':
        return suspicion === undefined ? Number.MAX_SAFE_INTEGER : suspicion.rank;
      case 'doubtful':
        return verdict === undefined ? 2 : verdict.probability;
      case 'id':
        return 0;
    }
  };
  const keys = new Map(places.map((place) => [place, key(place)]));
  const ids = group.ids;
  return [...places].sort(
    (a, b) =>
      (keys.get(a) ?? 0) - (keys.get(b) ?? 0) ||
      ((ids[a] ?? '') < (ids[b] ?? '') ? -1 : (ids[a] ?? '') > (ids[b] ?? '') ? 1 : 0),
  );
}
