import { firstNonFinite } from '../numerics/finite.kernel.ts';
import type { Matrix } from '../numerics/matrix.ts';
import { UserError } from '../system/errors.ts';

/** @throws UserError naming the first feature that is not finite. @param placeOf a row and a column in the message */
export function checkFinite({ data, columnCount }: Matrix, placeOf: (row: number, column: number) => string): void {
  const at = firstNonFinite(data);
  if (at >= 0) throw notFinite(placeOf(Math.floor(at / columnCount), at % columnCount), String(data[at]));
}

export function notFinite(where: string, found?: string): UserError {
  return new UserError({
    what: 'a feature is not a finite number',
    where,
    found,
    expected: 'finite numbers',
    fix: 'a feature set: featuretap verify checks it; a matrix of your own: fix that row at its source, or drop it',
  });
}
