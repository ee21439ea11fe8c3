import { UserError } from '../../system/errors.ts';
import { readRangeSync } from '../../system/regular-file.ts';

/**
 * Refuses to write answers over a file that holds something else: a slip of the shell's completion names the table of
 * labels. Answers of an earlier run begin with the same line and are written over.
 *
 * @param header the first line of what will be written, with its end
 */
export function checkOverwrite(path: string, header: string, option: string): void {
  const expected = Buffer.from(header);
  let found: Buffer;
  try {
    found = readRangeSync(path, 0, expected.length);
  } catch {
    // Not there, or not to be read: what cannot be written is said where it is opened.
    return;
  }
  if (found.length === 0 || found.equals(expected)) return;
  const [line = ''] = found.toString('utf8').split(/\r?\n/);
  throw new UserError({
    what: 'a file of this name is there already, and holds something else than these answers',
    where: path,
    found: line.length > 60 ? `${line.slice(0, 60)}…` : line,
    expected: header.length > 60 ? `${header.slice(0, 60)}…` : header.trimEnd(),
    fix: `${option} OTHER.csv, or move that file away`,
    exitCode: 2,
  });
}
