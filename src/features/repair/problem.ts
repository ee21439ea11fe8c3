import { messageOf, UserError } from '../../system/errors.ts';

/** A problem found in a feature set. */
export interface Problem {
  readonly file: string;
  readonly what: string;
  /** Rows affected, [first, end); absent if it affects the whole file. */
  readonly rows?: readonly [number, number];
}

/** An error's message as one phrase, without the folder. */
export function describeError(error: unknown, folder: string): string {
  if (!(error instanceof UserError)) return messageOf(error);
  const { what, where = '', found, expected } = error.parts;
  const parts = [what];
  // After the path comes the place in the file: a field or a line.
  const place = where.startsWith(folder) ? where.split(', ').slice(1).join(', ') : '';
  if (place !== '') parts.push(place);
  if (found !== undefined) parts.push(`found ${found}`);
  if (expected !== undefined) parts.push(`expected ${expected}`);
  return parts.join('; ');
}
