import { UserError } from '../../../errors.ts';
import { countClasses } from '../../labels.ts';
import type { Table } from '../../table.ts';

/** @throws UserError when the rows are all of one class: there is nothing to tell apart */
export function checkSeveralClasses(table: Table, model: string): void {
  const counts = countClasses(table.labels, table.classes.length);
  const present = table.classes.filter((_, c) => (counts[c] as number) > 0);
  if (present.length >= 2) return;
  throw new UserError({
    what: `the ${model} head needs at least 2 classes`,
    where: 'training rows',
    found: `${present.length}: ${present.join(', ')}`,
    expected: 'rows of 2 classes or more',
  });
}
