import { UserError } from '../system/errors.ts';
import { nearestName } from '../system/nearest.ts';
import type { Correction } from './corrections.ts';

/** A label that changes. */
interface LabelChange {
  readonly id: string;
  readonly from: string;
  readonly to: string;
}

export interface RelabelPlan {
  /** In the order of the corrections. */
  readonly changes: readonly LabelChange[];
  /** Number of corrections already applied. */
  readonly already: number;
}

/** Problems listed in a message; the rest is counted. */
const shown = 10;

/**
 * Determines how corrections change labels.
 *
 * @param labels current labels by id
 * @param newLabels accept labels that no image has yet
 * @throws UserError that names every id without a label, every label that no image has, and every image whose label is
 *   neither what it was when the list was made nor what it is to be
 */
export function planRelabel(
  labels: ReadonlyMap<string, string>,
  corrections: readonly Correction[],
  { where, newLabels }: { readonly where: string; readonly newLabels: boolean },
): RelabelPlan {
  const known = new Set(labels.values());
  const names = [...known];
  const changes: LabelChange[] = [];
  const problems: string[] = [];
  let strange = 0;
  for (const { id, to, from, line } of corrections) {
    const now = labels.get(id);
    if (now === undefined) problems.push(`line ${line}: no image ${id}`);
    else if (now === to) continue;
    else if (from !== undefined && from !== now) {
      problems.push(`line ${line}: ${id} is ${now}, neither ${from} nor ${to}`);
    } else if (!known.has(to) && !newLabels) {
      const near = nearestName(to, names);
      strange++;
      problems.push(`line ${line}: no image is labelled ${to}${near === undefined ? '' : `; ${near}?`}`);
    } else changes.push({ id, from: now, to });
  }
  if (problems.length === 0) return { changes, already: corrections.length - changes.length };
  const more = problems.length > shown ? [`and ${problems.length - shown} more`] : [];
  throw new UserError({
    what: `${problems.length} of ${corrections.length} corrections do not fit the labels: none was applied`,
    where,
    found: [...problems.slice(0, shown), ...more].join('\n            '),
    expected: 'ids and labels of the table',
    fix:
      strange > 0
        ? 'correct or remove these lines; --new-labels takes labels that no image has yet'
        : 'correct or remove these lines, or create the list again from the current labels',
  });
}
