import { messageOf, UserError } from '../../system/errors.ts';

/** One thing that is not as it should be. */
export interface Problem {
  /** File in the feature set. */
  readonly file: string;
  readonly what: string;
  /** Rows that it concerns, [first, end); absent if it concerns the file as a whole. */
  readonly rows?: readonly [number, number];
}

/** A message as one phrase; the folder in it is known. */
export function describeError(error: unknown, folder: string): string {
  if (!(error instanceof UserError)) return messageOf(error);
  const { what, where = '', found, expected } = error.parts;
  const parts = [what];
  // What follows the path is the place in the file: a field, a line.
  const place = where.startsWith(folder) ? where.split(', ').slice(1).join(', ') : '';
  if (place !== '') parts.push(place);
  if (found !== undefined) parts.push(`found ${found}`);
  if (expected !== undefined) parts.push(`expected ${expected}`);
  return parts.join('; ');
}
