import { presentClasses } from '../rows/present-classes.ts';
import type { RowSource } from '../rows/row-source.ts';
import type { Table } from '../rows/table.ts';
import { UserError } from '../system/errors.ts';

/** @throws UserError when the rows are all of one class: there is nothing to tell apart */
export function checkSeveralClasses(table: Table<RowSource>, model: string): void {
  const { classes } = presentClasses(table).table;
  if (classes.length >= 2) return;
  throw new UserError({
    what: `the ${model} head needs at least 2 classes`,
    where: 'training rows',
    found: `${classes.length}: ${classes.join(', ')}`,
    expected: 'rows of 2 classes or more',
  });
}
